/* The page's files, embedded by cmake/embed.cmake: those of serve/page/, and the HTML report's own style and script. */
#ifndef SERVE_PAGES_H
#define SERVE_PAGES_H

extern const char served_index_html[], served_serve_css[], served_serve_js[], served_about_js[], served_api_js[],
    served_cite_js[], served_dom_js[], served_form_js[], served_hand_js[], served_past_js[], served_shown_js[],
    served_state_js[];
extern const char served_page_css[], served_plot_css[], served_page_js[]; /* of src/report/assets */

#endif
