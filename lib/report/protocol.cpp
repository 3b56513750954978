#include "report/protocol.h"

#include <filesystem>
#include <set>

#include "base/error.h"
#include "report/glossary.h"
#include "report/svg.h"

namespace couplet {

namespace {

json part(const json& object, const std::string& key) {
  return object.is_object() ? object.value(key, json()) : json();
}

std::string word(const json& object, const std::string& key) {
  const json value = part(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

/// A file by its name and the beginning of its content's hash.
std::string file_in_words(const json& file) {
  const std::string name = file_name(word(file, "path")), hash = word(file, "content");
  return name + (hash.empty() ? "" : " [" + hash.substr(0, 8) + "]");
}

}  // namespace

std::string file_name(const std::string& path) {
  const std::filesystem::path whole(path);
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

std::string plain(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return value.is_number_float() ? number(value.get<double>()) : value.dump();
}

json extractor_of(const json& record, const std::string& metric) {
  std::string name = term_of(metric).features;
  if (name == "best")
    name = word(record, metric.starts_with("nearest") ? "nearest_of" : "manifold_of");
  return part(part(part(record, "protocol"), "features"), name);
}

std::string in_words(const json& extractor) {
  const std::string name = word(extractor, "extractor");
  if (name.empty() || name == "pixels") return name;
  std::string words =
      (name == "inception" ? "Inception " : "the " + name + " ") + file_in_words(extractor);
  for (const char* key : {"input", "layer"}) {
    const json value = part(extractor, key);
    if (!value.is_null()) words += text(", ", key, " ", plain(value));
  }
  if (part(extractor, "quantised") == true) words += ", of samples as bytes";
  const json accuracy = part(extractor, "test_accuracy");
  return words + (accuracy.is_number() ? ", test accuracy " + plain(accuracy) : "");
}

std::string reference_of(const json& record, const std::string& metric) {
  const json protocol = part(record, "protocol"), reference = part(protocol, "reference");
  if (!term_of(metric).reference || reference.is_null()) return "";
  const bool likelihood = reference.is_string();  // told by its path alone
  std::string words = likelihood ? file_name(reference) : file_in_words(reference);
  const std::string split = word(likelihood ? protocol : reference, "split");
  if (!split.empty()) words += ", " + split + " split";
  const json rows = part(reference, "rows");
  return words + (rows.is_number() && rows > 0 ? text(", ", plain(rows), " rows") : "");
}

std::string manner_of(const json& record, const std::string& metric) {
  if (term_of(metric).group == "Likelihood") {
    const json how = part(record, "protocol");
    if (!how.contains("solver")) return "";
    return text(word(how, "solver"), " in ", plain(part(how, "steps")), " steps, ",
                word(how, "divergence"), " divergence",
                word(how, "noise") == "uniform" ? ", uniform noise within a grey level" : "");
  }
  const json rows = part(record, "energy_rows");
  if (metric == "energy" && rows.is_array() && rows.size() == 2 &&
      rows[0] != record.value("rows", json()))
    return text(plain(rows[0]), " rows of the one and ", plain(rows[1]), " of the other");
  const json options = part(part(record, "protocol"), "options");
  const auto counted = [&](const char* option, const char* what) {
    const json n = part(options, option);
    return n.is_number() ? text(plain(n), what) : "";
  };
  if (metric == "sliced_w2") return counted("directions", " directions");
  if (term_of(metric).features == "best" && !metric.starts_with("nearest"))
    return counted("neighbours", " neighbours");
  if (metric == "inception_score" || metric.starts_with("score_"))
    return counted("parts", " parts");
  return "";
}

std::vector<std::string> told_apart(const std::vector<json>& objects) {
  std::set<std::string> keys;
  for (const json& object : objects) {
    for (const auto& [key, value] : object.items()) keys.insert(key);
  }
  std::vector<std::string> words(objects.size());
  for (const auto& key : keys) {
    const json first = part(objects[0], key);
    bool same = true;
    for (const json& object : objects) same = same && part(object, key) == first;
    if (same) continue;
    for (size_t i = 0; i < objects.size(); ++i) {
      const json value = part(objects[i], key);
      if (value.is_null()) continue;
      words[i] += (words[i].empty() ? "" : ", ") + key + " " + plain(value);
    }
  }
  return words;
}

}  // namespace couplet
