'''
Asks: what a caller wants, checked on arrival. A payload in, typed fields out, or one refusal with every fault.
'''

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar, overload

from halyard.errors import AskRefused

T = TypeVar('T')
REQUIRED: Any = object()


class Field(Generic[T]):
    '''
    One named part of an ask.
    '''

    kind: type | tuple[type, ...] = object

    def __init__(self, default: T = REQUIRED) -> None:
        self.default = default
        self.name = ''

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, ask: None, owner: type) -> Field[T]: ...
    @overload
    def __get__(self, ask: Ask, owner: type) -> T: ...
    def __get__(self, ask: Ask | None, owner: type) -> Any:
        return self if ask is None else ask.values[self.name]

    def read(self, payload: Mapping[str, Any]) -> T:
        '''
        Return the value of this field in a payload, or raise `ValueError` with the fault.
        '''
        if self.name not in payload:
            if self.default is REQUIRED:
                raise ValueError(f'{self.name} is missing')
            return self.default
        value = payload[self.name]
        if isinstance(value, bool) is not (self.kind is bool) or not isinstance(value, self.kind):
            raise ValueError(f'{self.name} is {value!r}')
        return self.checked(value)

    def checked(self, value: Any) -> T:
        '''
        Return the value in the house's form, or raise `ValueError` with the fault.
        '''
        return value


class Text(Field[str]):
    '''
    A line of text; blanks around it are dropped.
    '''

    kind = str

    def __init__(self, default: str = REQUIRED, *, most: int = 80) -> None:
        super().__init__(default)
        self.most = most

    def checked(self, value: str) -> str:
        '''
        Return the text without its margins.
        '''
        value = value.strip()
        if not value or len(value) > self.most:
            raise ValueError(f'{self.name} needs 1 to {self.most} characters')
        return value


class Ranged(Field[T]):
    '''
    A number with a least and a most.
    '''

    form: Callable[[Any], Any] = int

    def __init__(self, default: T = REQUIRED, *, least: float = 0, most: float = 10**9) -> None:
        super().__init__(default)
        self.least, self.most = least, most

    def checked(self, value: Any) -> T:
        '''
        Return the number when it lies in the range.
        '''
        if not self.least <= value <= self.most:
            raise ValueError(f'{self.name} must be from {self.least} to {self.most}, not {value}')
        return self.form(value)


class Count(Ranged[int]):
    '''
    A whole number.
    '''

    kind = int


class Measure(Ranged[float]):
    '''
    A number with a fraction: metres, tonnes, knots, degrees.
    '''

    kind = (int, float)
    form = float


class Flag(Field[bool]):
    '''
    Yes or no.
    '''

    kind = bool


class OneOf(Field[str]):
    '''
    One word of a fixed few.
    '''

    kind = str

    def __init__(self, *words: str, default: str = REQUIRED) -> None:
        super().__init__(default)
        self.words = words

    def checked(self, value: str) -> str:
        '''
        Return the word when it is one of the few.
        '''
        if value not in self.words:
            raise ValueError(f'{self.name} is {value!r}, not one of {", ".join(self.words)}')
        return value


class Names(Field[list[str]]):
    '''
    A list of names, without repeats, in the order given.
    '''

    kind = list

    def checked(self, value: list[Any]) -> list[str]:
        '''
        Return the names without repeats.
        '''
        if not all(isinstance(name, str) and name for name in value):
            raise ValueError(f'{self.name} must hold names only')
        return list(dict.fromkeys(value))


class Ask:
    '''
    The base of every ask: fields are declared in the class, and read from a payload.
    '''

    fields: dict[str, Field[Any]] = dict()

    def __init_subclass__(cls) -> None:
        own = {name: field for name, field in vars(cls).items() if isinstance(field, Field)}
        cls.fields = {**cls.fields, **own}

    def __init__(self, payload: Mapping[str, Any]) -> None:
        self.values: dict[str, Any] = dict()
        faults = [f'{name} is unknown' for name in sorted(payload.keys() - self.fields.keys())]
        for name, field in self.fields.items():
            try:
                self.values[name] = field.read(payload)
            except ValueError as fault:
                faults.append(str(fault))
        if faults:
            raise AskRefused(f'{"; ".join(faults)}: send the ask again')
