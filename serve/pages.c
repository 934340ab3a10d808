#include "pages.h"

#include <string.h>

#include "endpoints.h"
#include "guard.h"
#include "reply.h"

static const char page_policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                                  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static const struct {
    const char *name, *type, *text;
} assets[] = {
    {"serve.css", "text/css; charset=utf-8", served_serve_css},
    {"page.css", "text/css; charset=utf-8", served_page_css},
    {"plot.css", "text/css; charset=utf-8", served_plot_css},
    {"serve.js", "text/javascript; charset=utf-8", served_serve_js},
    {"api.js", "text/javascript; charset=utf-8", served_api_js},
    {"cite.js", "text/javascript; charset=utf-8", served_cite_js},
    {"dom.js", "text/javascript; charset=utf-8", served_dom_js},
    {"form.js", "text/javascript; charset=utf-8", served_form_js},
    {"past.js", "text/javascript; charset=utf-8", served_past_js},
    {"about.js", "text/javascript; charset=utf-8", served_about_js},
    {"hand.js", "text/javascript; charset=utf-8", served_hand_js},
    {"state.js", "text/javascript; charset=utf-8", served_state_js},
    {"shown.js", "text/javascript; charset=utf-8", served_shown_js},
    {"page.js", "text/javascript; charset=utf-8", served_page_js},
};

/* The link with the token: the browser keeps it, and goes on without it in its address. */
static enum MHD_Result take_token(exchange *x) {
    char                 cookie[256];
    struct MHD_Response *response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    stpcpy(stpcpy(stpcpy(cookie, TOKEN_COOKIE "="), x->hub->set.token), "; Path=/; HttpOnly; SameSite=Strict");
    if (response) {
        MHD_add_response_header(response, "Set-Cookie", cookie);
        MHD_add_response_header(response, "Location", "/");
    }
    return reply_with(x, 303, "text/plain", POLICY_NOTHING, response);
}

enum MHD_Result answer_page(exchange *x) {
    const char *token = exchange_argument(x, "token");
    if (token && *x->hub->set.token && guard_is_token(&x->hub->set, token)) return take_token(x);
    return reply_static(x, "text/html; charset=utf-8", page_policy, served_index_html, strlen(served_index_html));
}

enum MHD_Result answer_asset(exchange *x) {
    for (size_t i = 0; i < sizeof assets / sizeof *assets; i++)
        if (!strcmp(assets[i].name, x->id))
            return reply_static(x, assets[i].type, POLICY_NOTHING, assets[i].text, strlen(assets[i].text));
    return reply_fail(x, 404, "the page has no such file");
}
