/* How refusals read, language by language. */
#ifndef JP_REFUSAL_RULES_H
#define JP_REFUSAL_RULES_H

/* Lists are phrases with '|' between them, as jp_refusal_find folds a text: lower case, composed (NFKC), the ASCII
 * apostrophe. A phrase begins where a word begins, a stem too; words may go on behind them. */
typedef struct {
    const char *language;
    const char *openers; /* what is not done: "i can't" */
    const char *no;      /* NULL, or what has to be in the sentence too, for languages whose negation stands apart */
    const char *stems;   /* NULL: an opener is enough; what is asked for: "help" */
    int         apart;   /* words at most between opener and stem; -1: anywhere in the sentence */
    const char *not_if;  /* NULL, or what must not follow the opener: "wait" */
} jp_refusal_rule;

const jp_refusal_rule *jp_refusal_rule_at(int index); /* NULL past the end */

#endif
