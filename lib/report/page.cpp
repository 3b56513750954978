#include "report/page.h"

#include <cstdint>

#include "base/error.h"
#include "report/svg.h"

namespace couplet {

namespace {

const char* style = R"(
:root { color-scheme: light dark; --paper: #fdfdfc; --ink: #1f2328; --soft: #59636e; --line: #d8dee4; --band: #f1f3f5; }
* { box-sizing: border-box; }
body { max-width: 72rem; margin: 0 auto; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .6rem 0; }
h2 { font-size: 1.35rem; margin: 2.6rem 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.08rem; margin: 1.6rem 0 .4rem; }
p, ul { max-width: 46rem; margin: .5rem 0; } ul { padding-left: 1.2rem; } a { color: inherit; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: 1rem 0; padding: .5rem .8rem; background: var(--band); border-radius: 6px; }
.wide { overflow-x: auto; max-width: 100%;  /* a shadow where more is to be seen */
  background: linear-gradient(to left, var(--paper) 1rem, transparent 3rem) right / 3rem 100% local no-repeat,
    linear-gradient(to left, var(--line), transparent) right / 1rem 100% scroll no-repeat; }
.figures { display: flex; flex-wrap: wrap; gap: 1.4rem 1.25rem; margin: .8rem 0 1.2rem; align-items: flex-start; }
figure { margin: 0; max-width: 100%; min-width: 0; } figcaption { color: var(--soft); font-size: .86rem; line-height: 1.4; }
.sheet { margin: .9rem 0 1.6rem; } .sheet figcaption { max-width: 52rem; margin-bottom: .35rem; }
.plotted { display: flex; flex-wrap: wrap; gap: .6rem 2rem; align-items: flex-start; } .plotted .wide { margin-top: .5rem; }
.sheet figcaption b { display: block; color: var(--ink); font-size: 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .93rem; overflow-wrap: normal; }
th, td { padding: .22rem .65rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; font-weight: normal; }
thead th { background: var(--band); font-weight: 600; white-space: normal; }
tr > :first-child { text-align: left; position: sticky; left: 0; background: var(--paper); padding-left: .3rem; }
thead tr > :first-child { background: var(--band); }
td[colspan] { text-align: center; color: var(--soft); } td b { font-weight: 700; }
.matrix td, .matrix th { border: 0; padding: .25rem .35rem; text-align: left; vertical-align: top; }
.matrix tbody th { font-weight: 600; vertical-align: middle; max-width: 9rem; white-space: normal; }
svg, img { max-width: 100%; height: auto; display: block; } img { image-rendering: pixelated; }
.wide > svg, .matrix svg, .matrix img { max-width: none; }
details { margin: .35rem 0; } summary { cursor: pointer; }
pre { background: var(--band); padding: .7rem; overflow-x: auto; font-size: .8rem; line-height: 1.35; overflow-wrap: normal; }
.box { fill: var(--band); stroke: var(--line); }
@media (max-width: 36rem) {
  body { padding: .8rem; } h1 { font-size: 1.4rem; } th, td { padding: .2rem .45rem; }
  tr > :first-child { max-width: 8.5rem; white-space: normal; }
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #15181c; --ink: #e3e7eb; --soft: #a3adb7; --line: #363d45; --band: #20252b; }
  .c0 { color: #58b0f0; } .c1 { color: #ff9350; } .c2 { color: #35cf9f; } .c3 { color: #ec8fd2; }
  .c4 { color: #dfb54a; } .c5 { color: #a3a8ff; } .c6 { color: #b3b9c1; } .c7 { color: #ff8078; }
}
@media print { body { max-width: none; background: none; } figure, tr { break-inside: avoid; } nav { display: none; } }
)";

/// Caption and note of a sheet.
std::string words_of(const Sheet& sheet) {
  const std::string bold = sheet.caption.empty() ? "" : "<b>" + escape(sheet.caption) + "</b>";
  return bold.empty() && sheet.note.empty()
             ? ""
             : "<figcaption>" + bold + escape(sheet.note) + "</figcaption>";
}

std::string table_markup(const Sheet& sheet) {
  std::string out = "<div class=\"wide\"><table>\n<thead><tr>";
  for (const auto& name : sheet.head) out += "<th scope=\"col\">" + escape(name) + "</th>";
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : sheet.rows) {
    out += "<tr>";
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string words = escape(row[i].text), tag = i == 0 ? "th" : "td";
      out += "<" + tag + (i == 0 ? " scope=\"row\"" : "") +
             (row[i].span > 1 ? text(" colspan=\"", row[i].span, "\">") : std::string(">")) +
             (row[i].best ? "<b>" + words + "</b>" : words) + "</" + tag + ">";
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>";
}

}  // namespace

void Page::section(const std::string& title) {
  const std::string id = text("s", ++sections_);
  contents_ += "<a href=\"#" + id + "\">" + escape(title) + "</a>\n";
  if (sections_ == 1) lead_.swap(body_);
  body_ += "<h2 id=\"" + id + "\">" + escape(title) + "</h2>\n";
}

void Page::heading(const std::string& title) { body_ += "<h3>" + escape(title) + "</h3>\n"; }

void Page::paragraph(const std::string& text) { body_ += "<p>" + escape(text) + "</p>\n"; }

void Page::list(const std::vector<std::string>& items) {
  if (items.empty()) return;
  body_ += "<ul>\n";
  for (const auto& item : items) body_ += "<li>" + escape(item) + "</li>\n";
  body_ += "</ul>\n";
}

void Page::table(const Sheet& sheet) {
  body_ += "<figure class=\"sheet\">" + words_of(sheet) + table_markup(sheet) + "</figure>\n";
}

void Page::plotted(const std::string& plot, const Sheet& sheet) {
  body_ += "<figure class=\"sheet\">" + words_of(sheet) + "<div class=\"plotted\">" + plot +
           table_markup(sheet) + "</div></figure>\n";
}

void Page::wide(const std::string& markup) {
  body_ += "<div class=\"wide\">" + markup + "</div>\n";
}

void Page::figures(const std::vector<Figure>& figures) {
  if (figures.empty()) return;
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
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src "
         "data:; "
         "style-src 'unsafe-inline'\"/>\n<title>" +
         escape(title_) + "</title>\n<style>" + style + "</style>\n</head>\n<body>\n<h1>" +
         escape(title_) + "</h1>\n" + lead_ +
         (sections_ > 1 ? "<nav>\n" + contents_ + "</nav>\n" : std::string()) + body_ +
         "</body>\n</html>\n";
}

std::string matrix_markup(const std::vector<std::string>& head,
                          const std::vector<std::vector<std::string>>& rows) {
  std::string out = "<table class=\"matrix\">\n<thead><tr>";
  for (const auto& name : head) out += "<th scope=\"col\">" + escape(name) + "</th>";
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    out += "<tr><th scope=\"row\">" + escape(row[0]) + "</th>";
    for (size_t i = 1; i < row.size(); ++i) out += "<td>" + row[i] + "</td>";
    out += "</tr>\n";
  }
  return out + "</tbody></table>";
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
