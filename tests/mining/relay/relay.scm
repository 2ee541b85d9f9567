(flow
  (identifier) @unit.name
  (string) @unit.doc
  (body) @unit.body
  (#set! kind "function")) @unit
(step) @call
(comment) @comment
