// The grammar of tend, a small language in which a grower says how a greenhouse looks after itself.
// `src/parser.c` is made from this file with `tree-sitter generate --abi 14` (0.20.8 made the one that stands there).

const list = (rule) => optional(seq(rule, repeat(seq(',', rule)), optional(',')));

module.exports = grammar({
  name: 'tend',
  word: ($) => $.identifier,
  extras: ($) => [/\s/, $.comment],
  supertypes: ($) => [$._declaration, $._statement, $._expression],

  rules: {
    program: ($) => repeat($._declaration),
    _declaration: ($) => choice($.sensor, $.switch, $.dial, $.constant, $.measure, $.routine, $.rule, $.plan),

    // what hangs in the house
    sensor: ($) => seq('sensor', field('name', $.identifier), ':', field('quantity', $.identifier), optional($.place)),
    switch: ($) => seq('switch', field('name', $.identifier), optional($.place)),
    dial: ($) =>
      seq('dial', field('name', $.identifier), ':', field('quantity', $.identifier), 'from',
        field('low', $._expression), 'to', field('high', $._expression), optional($.place)),
    place: ($) => seq('at', $.string),
    constant: ($) => seq('let', field('name', $.identifier), '=', field('value', $._expression)),

    // what is done with it
    measure: ($) =>
      seq('measure', field('name', $.identifier), field('parameters', $.parameters), ':',
        field('quantity', $.identifier), field('body', $.block)),
    routine: ($) =>
      seq('routine', field('name', $.identifier), field('parameters', $.parameters), field('body', $.block)),
    rule: ($) =>
      seq('rule', field('name', $.identifier), 'when', field('condition', $._expression),
        optional(seq('for', field('held', $._expression))), field('body', $.block)),
    plan: ($) => seq('plan', field('name', $.identifier), field('body', $.timetable)),
    parameters: ($) => seq('(', list($.parameter), ')'),
    parameter: ($) => seq(field('name', $.identifier), ':', field('quantity', $.identifier)),
    timetable: ($) => seq('{', repeat($.entry), '}'),
    entry: ($) => seq(choice($.at, $.every), 'run', $.call),
    at: ($) => seq(optional(seq('each', $.identifier, repeat(seq(',', $.identifier)))), 'at', $.clock),
    every: ($) => seq('every', $._expression, optional(seq('from', $.clock, 'to', $.clock))),

    block: ($) => seq('{', repeat($._statement), '}'),
    _statement: ($) =>
      choice($.set, $.turn, $.wait, $.run, $.bind, $.branch, $.repeat, $.until, $.note, $.alarm, $.give),
    set: ($) => seq('set', field('target', $.identifier), 'to', $._expression),
    turn: ($) => seq('turn', field('target', $.identifier), $.state),
    wait: ($) => seq('wait', $._expression),
    run: ($) => seq('run', $.call),
    bind: ($) => seq('let', field('name', $.identifier), '=', $._expression),
    branch: ($) => seq('if', $._expression, $.block, optional(seq('else', choice($.branch, $.block)))),
    repeat: ($) => seq('repeat', $._expression, 'times', $.block),
    until: ($) => seq('until', $._expression, 'within', $._expression, $.block),
    note: ($) => seq('note', $.string, repeat(seq(',', $._expression))),
    alarm: ($) => seq('alarm', $.string),
    give: ($) => seq('give', $._expression),

    _expression: ($) =>
      choice($.either, $.both, $.not, $.comparison, $.within, $.is, $.sum, $.product, $.negative, $.call, $.group,
        $.amount, $.identifier),
    either: ($) => prec.left(1, seq($._expression, 'or', $._expression)),
    both: ($) => prec.left(2, seq($._expression, 'and', $._expression)),
    not: ($) => prec(3, seq('not', $._expression)),
    comparison: ($) => prec.left(4, seq($._expression, choice('<', '<=', '>', '>='), $._expression)),
    within: ($) => prec.left(4, seq($._expression, 'in', $._expression, '..', $._expression)),
    is: ($) => prec.left(4, seq($._expression, 'is', $.state)),
    sum: ($) => prec.left(5, seq($._expression, choice('+', '-'), $._expression)),
    product: ($) => prec.left(6, seq($._expression, choice('*', '/'), $._expression)),
    negative: ($) => prec(7, seq('-', $._expression)),
    call: ($) => seq(field('name', $.identifier), '(', list($._expression), ')'),
    group: ($) => seq('(', $._expression, ')'),

    state: () => choice('on', 'off'),
    amount: () => /\d+(\.\d+)?(%|[A-Za-z]+)?/,
    clock: () => /\d\d:\d\d/,
    string: () => /"[^"\n]*"/,
    identifier: () => /[a-z_][a-z0-9_]*/,
    comment: () => /#[^\n]*/,
  },
});
