// The words of SVG pictures: no scripts, no fonts, colours that a page may change.
#pragma once
#include <string>

namespace couplet {

/// The beginning of an <svg> element of so many CSS pixels, with its title; text is 12 high.
std::string begin_svg(double width, double height, const std::string& title);

/// Text for XML: & < > " escaped.
std::string escape(const std::string& text);

/// A number for people: four significant digits, "1e-5" for "0.00001"; counts in full.
std::string number(double value, int digits = 4);

/// An SVG number: one decimal.
std::string pixel(double value);

}  // namespace couplet
