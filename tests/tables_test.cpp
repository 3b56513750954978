// What every row of every table must keep, whatever it is.
#include <iostream>
#include <set>

#include "flow/coupling.h"
#include "flow/normalizing_flow.h"
#include "flow/pairing.h"
#include "flow/times.h"
#include "losses/distillation.h"
#include "nn/backbone.h"
#include "testing.h"

using namespace couplet;

namespace {

const std::vector<const Table*> tables = {&backbones(), &normalizing_flows(),
                                          &couplings(), &pairings(),
                                          &time_laws(), &distillation_losses()};

/// Another value of the same type.
json changed(const json& value) {
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number_integer()) return value.get<int64_t>() + 1;
  if (value.is_number()) return value.get<double>() + 0.5;
  if (value.is_string()) return value.get<std::string>() + "x";
  return json::array();
}

}  // namespace

TEST_CASE("Every row has help, and options that go round", "[tables]") {
  int rows = 0;
  for (const Table* table : tables) {
    const auto names = table->names();
    CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
    for (const auto& name : names) {
      ++rows;
      INFO(table->noun() << " " << name);
      CHECK_FALSE(table->help(name).empty());
      const json given = {{"type", name}}, whole = table->effective(given, "at");
      CHECK(whole["type"] == name);
      CHECK(table->effective(whole, "at") == whole);

      const auto options = table->options(name, "at");
      CHECK(options.size() == whole.size() - 1);
      for (const OptionInfo& option : options) {
        INFO("option " << option.path);
        REQUIRE(option.path.starts_with("at."));
        const std::string key = option.path.substr(3);
        CHECK_FALSE(option.help.empty());
        CHECK_FALSE(option.type.empty());
        CHECK(option.fallback == whole[key]);
        json other = given;
        other[key] = changed(whole[key]);
        CHECK(table->effective(other, "at")[key] == other[key]);
        other[key] = json::object();
        CHECK_THROWS_AS(table->effective(other, "at"), BadOption);
      }
      CHECK_THROWS_AS(table->effective({{"type", name}, {"no such key", 1}}, "at"), BadOption);
    }
    CHECK_THROWS_AS(table->effective({{"type", names[0] + "x"}}, "at"), BadOption);
    CHECK_THROWS_AS(table->effective(json::object(), "at"), BadOption);
    CHECK_THROWS_AS(table->help("no such name"), BadOption);
  }
  std::cout << "tables: " << rows << " rows of " << tables.size() << " tables visited\n";
  CHECK(rows >= 14);
}
