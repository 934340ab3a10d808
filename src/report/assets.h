/* The pages' styles and script: src/report/assets/, embedded by cmake/embed.cmake. NUL-terminated; each with the
 * source expression that lets it through a Content-Security-Policy. */
#ifndef JP_ASSETS_H
#define JP_ASSETS_H

extern const char jp_page_css[], jp_page_css_hash[];
extern const char jp_plot_css[], jp_plot_css_hash[];       /* what plots look like, in pages and in pictures */
extern const char jp_picture_css[], jp_picture_css_hash[]; /* the colours of plots in a picture of its own */
extern const char jp_page_js[], jp_page_js_hash[];

#endif
