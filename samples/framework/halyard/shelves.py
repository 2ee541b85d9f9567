'''
Records and the shelves they stand on. A record is never changed: a changed copy takes its place.
'''

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

from halyard.errors import MissingRefused


@dataclass(frozen=True)
class Record:
    '''
    The base of everything that is kept; the first field is its key.
    '''

    key: str

    def changed(self, **fields: Any) -> Self:
        '''
        Return a copy with other values.
        '''
        return replace(self, **fields)


R = TypeVar('R', bound=Record)


class Shelf(Generic[R]):
    '''
    The records of one kind, by key.
    '''

    def __init__(self, kind: type[R]) -> None:
        self.kind = kind
        self.records: dict[str, R] = dict()

    def __iter__(self) -> Iterator[R]:
        return iter([self.records[key] for key in sorted(self.records)])

    def __len__(self) -> int:
        return len(self.records)

    def __contains__(self, key: str) -> bool:
        return key in self.records

    def keep(self, record: R) -> R:
        '''
        Put a record in its place and return it.
        '''
        self.records[record.key] = record
        return record

    def change(self, key: str, **fields: Any) -> R:
        '''
        Put a changed copy in a record's place and return it.
        '''
        return self.keep(self.need(key).changed(**fields))

    def drop(self, key: str) -> R:
        '''
        Take a record off the shelf and return it.
        '''
        record = self.need(key)
        del self.records[key]
        return record

    def find(self, key: str) -> R | None:
        '''
        Return a record, or None.
        '''
        return self.records.get(key)

    def need(self, key: str) -> R:
        '''
        Return a record, or refuse.
        '''
        record = self.records.get(key)
        if record is None:
            raise MissingRefused(f'no {self.kind.__name__.lower()} {key!r}: check the key')
        return record

    def where(self, test: Callable[[R], bool] | None = None, **fields: Any) -> list[R]:
        '''
        Return the records, by key, whose fields have these values and that pass the test.
        '''
        return [
            record
            for record in self
            if all(getattr(record, name) == value for name, value in fields.items()) and (test is None or test(record))
        ]

    def first(self, test: Callable[[R], bool] | None = None, **fields: Any) -> R | None:
        '''
        Return the first record, by key, that `where` would return, or None.
        '''
        return next(iter(self.where(test, **fields)), None)

    def next_key(self, prefix: str) -> str:
        '''
        Return a key that is still free, such as `INV-0007`.
        '''
        taken = [int(key.rpartition('-')[2]) for key in self.records if key.startswith(f'{prefix}-')]
        return f'{prefix}-{max(taken, default=0) + 1:04}'
