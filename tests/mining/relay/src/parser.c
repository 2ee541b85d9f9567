/*
 * A parser for the relay language, written by hand in the layout that tree-sitter 0.26 reads (version 14).
 *
 *   source  = { flow }
 *   flow    = "flow" identifier string body
 *   body    = "{" step { step } "}"
 *   step    = the rest of a line;  comment = "#" to the end of a line, anywhere
 */
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

typedef uint16_t Symbol;
typedef uint16_t State;

typedef struct Lexer {
  int32_t lookahead;
  Symbol result;
  void (*advance)(struct Lexer *, bool skip);
  void (*mark_end)(struct Lexer *);
  uint32_t (*get_column)(struct Lexer *);
  bool (*is_at_included_range_start)(const struct Lexer *);
  bool (*eof)(const struct Lexer *);
  void (*log)(const struct Lexer *, const char *, ...);
} Lexer;

typedef union {
  struct { uint8_t type; State state; bool extra; bool repetition; } shift;
  struct { uint8_t type; uint8_t children; Symbol symbol; int16_t precedence; uint16_t production; } reduce;
  uint8_t type;
} Action;

typedef union {
  Action action;
  struct { uint8_t count; bool reusable; } entry;
} Entry;

typedef struct { bool visible, named, supertype; } Metadata;
typedef struct { uint16_t lex_state, external_state; } Mode;

typedef struct {
  uint32_t version, symbol_count, alias_count, token_count, external_token_count, state_count, large_state_count,
      production_id_count, field_count;
  uint16_t max_alias_sequence_length;
  const uint16_t *parse_table, *small_parse_table;
  const uint32_t *small_parse_table_map;
  const Entry *parse_actions;
  const char *const *symbol_names;
  const char *const *field_names;
  const void *field_map_slices, *field_map_entries;
  const Metadata *symbol_metadata;
  const Symbol *public_symbol_map;
  const uint16_t *alias_map;
  const Symbol *alias_sequences;
  const Mode *lex_modes;
  bool (*lex_fn)(Lexer *, State);
  bool (*keyword_lex_fn)(Lexer *, State);
  Symbol keyword_capture_token;
  struct {
    const bool *states;
    const Symbol *symbol_map;
    void *(*create)(void);
    void (*destroy)(void *);
    bool (*scan)(void *, Lexer *, const bool *);
    unsigned (*serialize)(void *, char *);
    void (*deserialize)(void *, const char *, unsigned);
  } scanner;
  const State *primary_state_ids;
} Grammar;

enum { END, FLOW_WORD, IDENTIFIER, STRING, OPEN, CLOSE, STEP, COMMENT, SOURCE, FLOW, BODY, FLOWS, STEPS, SYMBOLS };
enum { SHIFT, REDUCE, ACCEPT, RECOVER };
enum { STATES = 15, TOKENS = 8 };

static const char *const names[SYMBOLS] = {
  "end", "flow", "identifier", "string", "{", "}", "step", "comment",
  "source", "flow", "body", "source_repeat1", "body_repeat1",
};

static const Metadata metadata[SYMBOLS] = {
  [END] = {false, true, false}, [FLOW_WORD] = {true, false, false}, [IDENTIFIER] = {true, true, false},
  [STRING] = {true, true, false}, [OPEN] = {true, false, false}, [CLOSE] = {true, false, false},
  [STEP] = {true, true, false}, [COMMENT] = {true, true, false}, [SOURCE] = {true, true, false},
  [FLOW] = {true, true, false}, [BODY] = {true, true, false}, [FLOWS] = {false, false, false},
  [STEPS] = {false, false, false},
};

static const Symbol public_symbols[SYMBOLS] = {
  END, FLOW_WORD, IDENTIFIER, STRING, OPEN, CLOSE, STEP, COMMENT, SOURCE, FLOW, BODY, FLOWS, STEPS,
};

/* Each action is a head (count, reusable) and its body; the numbers below are the places of the heads. */
enum {
  NONE = 0, RECOVER_ANY = 1, RECOVER_EXTRA = 3, EXTRA = 5, EMPTY_SOURCE = 7, TO_5 = 9, ACCEPT_SOURCE = 11,
  FIRST_FLOW = 13, WHOLE_SOURCE = 15, MORE_FLOWS = 17, TO_7 = 19, TO_8 = 21, TO_9 = 23, WHOLE_FLOW = 25, TO_11 = 27,
  FIRST_STEP = 29, TO_13 = 31, TO_14 = 33, MORE_STEPS = 35, WHOLE_BODY = 37,
};
#define HEAD {.entry = {.count = 1, .reusable = true}}
#define TO(number) HEAD, {.action = {.shift = {.type = SHIFT, .state = number}}}
#define MAKE(what, count) HEAD, {.action = {.reduce = {.type = REDUCE, .symbol = what, .children = count}}}

static const Entry actions[] = {
  {.entry = {.count = 0, .reusable = false}},
  HEAD, {.action = {.type = RECOVER}},
  HEAD, {.action = {.shift = {.type = SHIFT, .state = 0, .extra = true}}},
  HEAD, {.action = {.shift = {.type = SHIFT, .extra = true}}},
  MAKE(SOURCE, 0), TO(5), HEAD, {.action = {.type = ACCEPT}}, MAKE(FLOWS, 1), MAKE(SOURCE, 1), MAKE(FLOWS, 2),
  TO(7), TO(8), TO(9), MAKE(FLOW, 4), TO(11), MAKE(STEPS, 1), TO(13), TO(14), MAKE(STEPS, 2), MAKE(BODY, 3),
};

static const uint16_t table[STATES][SYMBOLS] = {
  [0] = {RECOVER_ANY, RECOVER_ANY, RECOVER_ANY, RECOVER_ANY, RECOVER_ANY, RECOVER_ANY, RECOVER_ANY, RECOVER_EXTRA},
  [1] = {[END] = EMPTY_SOURCE, [FLOW_WORD] = TO_5, [COMMENT] = EXTRA, [SOURCE] = 2, [FLOW] = 3, [FLOWS] = 4},
  [2] = {[END] = ACCEPT_SOURCE, [COMMENT] = EXTRA},
  [3] = {[END] = FIRST_FLOW, [FLOW_WORD] = FIRST_FLOW, [COMMENT] = EXTRA},
  [4] = {[END] = WHOLE_SOURCE, [FLOW_WORD] = TO_5, [COMMENT] = EXTRA, [FLOW] = 6},
  [5] = {[IDENTIFIER] = TO_7, [COMMENT] = EXTRA},
  [6] = {[END] = MORE_FLOWS, [FLOW_WORD] = MORE_FLOWS, [COMMENT] = EXTRA},
  [7] = {[STRING] = TO_8, [COMMENT] = EXTRA},
  [8] = {[OPEN] = TO_9, [COMMENT] = EXTRA, [BODY] = 10},
  [9] = {[STEP] = TO_11, [COMMENT] = EXTRA, [STEPS] = 12},
  [10] = {[END] = WHOLE_FLOW, [FLOW_WORD] = WHOLE_FLOW, [COMMENT] = EXTRA},
  [11] = {[STEP] = FIRST_STEP, [CLOSE] = FIRST_STEP, [COMMENT] = EXTRA},
  [12] = {[STEP] = TO_14, [CLOSE] = TO_13, [COMMENT] = EXTRA},
  [13] = {[END] = WHOLE_BODY, [FLOW_WORD] = WHOLE_BODY, [COMMENT] = EXTRA},
  [14] = {[STEP] = MORE_STEPS, [CLOSE] = MORE_STEPS, [COMMENT] = EXTRA},
};

/* 0: outside of bodies, and after an error; 1: inside of a body, where a line is one token; 2: after the word flow. */
static const Mode modes[STATES] = {
  [5] = {2, 0}, [9] = {1, 0}, [11] = {1, 0}, [12] = {1, 0}, [14] = {1, 0},
};

static const State primary[STATES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};

static const uint16_t aliases[] = {0};

static bool is_letter(int32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static bool finish(Lexer *lexer, Symbol symbol) {
  lexer->result = symbol;
  lexer->mark_end(lexer);
  return true;
}

static bool lex_line(Lexer *lexer, Symbol symbol) {
  while (!lexer->eof(lexer) && lexer->lookahead != '\n') lexer->advance(lexer, false);
  return finish(lexer, symbol);
}

static bool lex(Lexer *lexer, State state) {
  while (lexer->lookahead == ' ' || lexer->lookahead == '\t' || lexer->lookahead == '\n' || lexer->lookahead == '\r')
    lexer->advance(lexer, true);
  if (lexer->eof(lexer)) return finish(lexer, END);
  int32_t first = lexer->lookahead;
  if (first == '#') return lex_line(lexer, COMMENT);
  if (first == '{' || first == '}') {
    lexer->advance(lexer, false);
    return finish(lexer, first == '{' ? OPEN : CLOSE);
  }
  if (state == 1) return lex_line(lexer, STEP);
  if (first == '"') {
    lexer->advance(lexer, false);
    while (!lexer->eof(lexer) && lexer->lookahead != '"') lexer->advance(lexer, false);
    if (lexer->eof(lexer)) return false;
    lexer->advance(lexer, false);
    return finish(lexer, STRING);
  }
  if (!is_letter(first)) return false;
  const char *word = "flow";
  bool is_word = true;
  size_t length = 0;
  while (is_letter(lexer->lookahead) || (lexer->lookahead >= '0' && lexer->lookahead <= '9')) {
    is_word = is_word && length < 4 && lexer->lookahead == word[length];
    length++;
    lexer->advance(lexer, false);
  }
  return finish(lexer, is_word && length == 4 && state == 0 ? FLOW_WORD : IDENTIFIER);
}

static const Grammar relay = {
  .version = 14, .symbol_count = SYMBOLS, .token_count = TOKENS, .state_count = STATES, .large_state_count = STATES,
  .production_id_count = 1, .max_alias_sequence_length = 4, .parse_table = &table[0][0], .parse_actions = actions,
  .symbol_names = names, .symbol_metadata = metadata, .public_symbol_map = public_symbols, .lex_modes = modes,
  .alias_map = aliases, .lex_fn = lex, .primary_state_ids = primary,
};

const Grammar *tree_sitter_relay(void) { return &relay; }
