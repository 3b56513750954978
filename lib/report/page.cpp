#include "report/page.h"

#include <cstdint>

#include "base/error.h"
#include "report/svg.h"

namespace couplet {

namespace {

const char* style = R"(
:root { color-scheme: light dark; --paper: #fdfdfc; --ink: #1f2328; --soft: #59636e; --line: #d8dee4; --band: #f2f4f6; }
body { max-width: 64rem; margin: 0 auto; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
nav a { margin-right: 1em; } a { color: inherit; } p { max-width: 44rem; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: bold; padding-bottom: .3rem; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } thead th { background: var(--band); }
td[colspan] { text-align: center; color: var(--soft); }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; max-width: 100%; } figcaption { color: var(--soft); font-size: .85rem; }
svg, img { max-width: 100%; height: auto; } img { image-rendering: pixelated; }
details { margin: .4rem 0; } summary { cursor: pointer; }
pre { background: var(--band); padding: .7rem; overflow-x: auto; font-size: .8rem; line-height: 1.35; }
.box { fill: var(--band); stroke: var(--line); }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15181c; --ink: #e3e7eb; --soft: #9aa4ae; --line: #363d45; --band: #20252b; }
  .c0 { color: #4aa8e8; } .c1 { color: #ff8c42; } .c2 { color: #2ec9a0; }
  .c3 { color: #e6a0cb; } .c4 { color: #e0b040; } .c5 { color: #9bd5f7; }
}
@media print { body { max-width: none; background: none; } figure, tr { break-inside: avoid; } nav { display: none; } }
)";

}  // namespace

void Page::section(const std::string& title) {
  const std::string id = text("s", ++sections_);
  contents_ += "<a href=\"#" + id + "\">" + escape(title) + "</a>\n";
  body_ += "<h2 id=\"" + id + "\">" + escape(title) + "</h2>\n";
}

void Page::heading(const std::string& title) { body_ += "<h3>" + escape(title) + "</h3>\n"; }

void Page::paragraph(const std::string& text) { body_ += "<p>" + escape(text) + "</p>\n"; }

void Page::table(const Sheet& sheet) {
  body_ += "<div class=\"wide\"><table>\n";
  if (!sheet.caption.empty()) body_ += "<caption>" + escape(sheet.caption) + "</caption>\n";
  body_ += "<thead><tr>";
  for (const auto& name : sheet.head) body_ += "<th scope=\"col\">" + escape(name) + "</th>";
  body_ += "</tr></thead>\n<tbody>\n";
  for (const auto& row : sheet.rows) {
    body_ += "<tr>";
    for (const Cell& cell : row) {
      body_ += cell.span > 1 ? text("<td colspan=\"", cell.span, "\">") : std::string("<td>");
      body_ += escape(cell.text) + "</td>";
    }
    body_ += "</tr>\n";
  }
  body_ += "</tbody></table></div>\n";
}

void Page::figures(const std::vector<Figure>& figures) {
  body_ += "<div class=\"figures\">\n";
  for (const Figure& figure : figures) {
    body_ += "<figure>" + figure.markup;
    if (!figure.caption.empty()) body_ += "<figcaption>" + escape(figure.caption) + "</figcaption>";
    body_ += "</figure>\n";
  }
  body_ += "</div>\n";
}

void Page::details(const std::string& summary, const std::string& preformatted) {
  body_ += "<details><summary>" + escape(summary) + "</summary>\n<pre>" + escape(preformatted) +
           "</pre></details>\n";
}

std::string Page::html() const {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>" +
         escape(title_) + "</title>\n<style>" + style + "</style>\n</head>\n<body>\n<h1>" +
         escape(title_) + "</h1>\n" +
         (sections_ > 1 ? "<nav>\n" + contents_ + "</nav>\n" : std::string()) + body_ +
         "</body>\n</html>\n";
}

std::string picture(const std::string& png, const std::string& alt, int64_t width) {
  return text("<img width=\"", width, "\" alt=\"", escape(alt), "\" src=\"data:image/png;base64,",
              base64(png), "\"/>");
}

std::string base64(const std::string& bytes) {
  static const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t there = std::min<size_t>(3, bytes.size() - i);
    uint32_t three = 0;
    for (size_t k = 0; k < 3; ++k) {
      three = three << 8 | (k < there ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k) out += k <= there ? digits[three >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

}  // namespace couplet
