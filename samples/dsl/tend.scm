; What idiolect takes for a unit of a tend program. Comments right above a unit are its documentation.
(measure name: (identifier) @unit.name parameters: (parameters) @unit.params body: (block) @unit.body) @unit
(routine name: (identifier) @unit.name parameters: (parameters) @unit.params body: (block) @unit.body) @unit
(rule name: (identifier) @unit.name body: (block) @unit.body) @unit
(plan name: (identifier) @unit.name body: (timetable) @unit.body) @unit
(call name: (identifier) @call)
(set target: (identifier) @call)
(turn target: (identifier) @call)
(comment) @comment
(string) @string
