// One self-contained HTML page: no scripts, nothing loaded; for screens, phones, the dark and
// paper.
#pragma once
#include <string>
#include <vector>

namespace couplet {

/// One cell of a table; span: how many columns it covers; best: the best of its column.
struct Cell {
  std::string text;
  int span = 1;
  bool best = false;
  Cell(std::string text, int span = 1) : text(std::move(text)), span(span) {}
  Cell(const char* text) : text(text) {}
};

struct Sheet {
  std::string caption;
  std::vector<std::string> head;
  std::vector<std::vector<Cell>> rows;  ///< the first cell names its row
  std::string note = {};                ///< below the caption: what the numbers are
};

/// Any markup (a plot, a picture) with its caption.
struct Figure {
  std::string markup, caption;
};

/// All texts are plain, the page escapes them; markup is taken as it is. The page is XML too.
class Page {
 public:
  explicit Page(std::string title) : title_(std::move(title)) {}

  void section(const std::string& title);
  void heading(const std::string& title);
  void paragraph(const std::string& text);
  void list(const std::vector<std::string>& items);
  void table(const Sheet& sheet);
  void figures(const std::vector<Figure>& figures);  ///< side by side where there is room
  /// A plot and the table of its numbers, side by side where there is room.
  void plotted(const std::string& plot, const Sheet& sheet);
  /// A picture too wide for a phone: scrolled there, not made smaller.
  void wide(const std::string& markup);
  void details(const std::string& summary, const std::string& preformatted);
  std::string html() const;

 private:
  std::string title_, lead_, contents_, body_;
  int sections_ = 0;
};

/// Pictures in rows and columns: the first of a row's texts its name, the others markup.
std::string matrix_markup(const std::vector<std::string>& head,
                          const std::vector<std::vector<std::string>>& rows);

/// A PNG file's bytes as an <img> of so many CSS pixels, its own pixels kept sharp.
std::string picture(const std::string& png, const std::string& alt, int64_t width);

std::string base64(const std::string& bytes);

}  // namespace couplet
