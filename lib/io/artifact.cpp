#include "io/artifact.h"

#include <ATen/core/Tensor.h>
#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <random>
#include <set>

#include "base/error.h"
#include "base/version.h"

namespace couplet {

namespace {

const std::set<std::string> label_attributes = {"kind",       "format", "config",
                                                "provenance", "uuid",   "content"};

/// XXH3, 128 bits, of bytes that come piece by piece.
class Hash {
 public:
  Hash() : state_(XXH3_createState(), XXH3_freeState) { XXH3_128bits_reset(state_.get()); }
  void add(const void* data, size_t size) { XXH3_128bits_update(state_.get(), data, size); }
  std::string hex() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
    char out[33];
    std::snprintf(out, sizeof out, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                  static_cast<unsigned long long>(hash.low64));
    return out;
  }

 private:
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state_;
};

// The content hash: over kind, config, facts, and name, type, sizes and bytes of every dataset.
std::string content_hash(const h5::File& file, const Label& label) {
  std::string all = label.kind + "\n" + label.config.dump() + "\n" + label.facts.dump() + "\n";
  for (const auto& name : file.datasets()) {
    Hash hash;
    file.for_rows(name,
                  [&](const Tensor& rows) { hash.add(rows.const_data_ptr(), rows.nbytes()); });
    all += text(name, " ", at::toString(file.type(name)), " ", at::IntArrayRef(file.sizes(name)),
                " ", hash.hex(), "\n");
  }
  for (int64_t block = 0; file.has(text("blocks/", block)); ++block) {
    all += file.attributes(text("blocks/", block)).dump() + "\n";
  }
  return hash_bytes(all.data(), all.size());
}

std::string new_uuid() {
  std::random_device random;
  std::string out;
  char part[9];
  for (int i = 0; i < 4; ++i) {
    std::snprintf(part, sizeof part, "%08x", random());
    out += part;
  }
  return out.substr(0, 8) + "-" + out.substr(8, 4) + "-4" + out.substr(13, 3) + "-a" +
         out.substr(17, 3) + "-" + out.substr(20, 12);
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words) all += (all.empty() ? "" : " or ") + word;
  return all;
}

/// A text, "" where there is none.
std::string told(const json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Errors: it is no list of records, as everything that reads it takes it to be.
void check_provenance(const json& provenance, const std::string& path) {
  bool good = provenance.is_array();
  for (size_t i = 0; good && i < provenance.size(); ++i) {
    const json& record = provenance[i];
    good = record.is_object() && record.value("parents", json::array()).is_array();
    for (const char* text : {"uuid", "kind", "content", "tool", "version", "path"}) {
      good = good && record.value(text, json("")).is_string();
    }
    for (const json& parent : good ? record.value("parents", json::array()) : json::array()) {
      good = good && parent.is_string();
    }
  }
  require(good, path, ": its provenance is damaged; it cannot be used");
}

Label label_of(const h5::File& file, const std::vector<std::string>& kinds) {
  const json all = file.attributes();
  require(all.value("kind", json()).is_string() && all.value("format", json()).is_number_integer(),
          file.path(),
          ": an HDF5 file, but not one of Couplet's (couplet-convert reads foreign files)");
  Label label;
  label.kind = all["kind"].get<std::string>();
  label.provenance = all.value("provenance", json::array());
  check_provenance(label.provenance, file.path());
  const int64_t format = all["format"].get<int64_t>();
  if (format > format_number) {
    std::string version = "a newer version";
    if (!label.provenance.empty()) version = "version " + told(label.provenance.back(), "version");
    fail(file.path(), ": has format ", format, ", written by ", version, "; this is version ",
         COUPLET_VERSION, ", which reads formats up to ", format_number, ": update it");
  }
  if (!kinds.empty()) {
    require(std::find(kinds.begin(), kinds.end(), label.kind) != kinds.end(), file.path(),
            ": holds ", label.kind, ", expected ", joined(kinds));
  }
  label.config = all.value("config", json::object());
  label.uuid = told(all, "uuid"), label.content = told(all, "content");
  label.facts = json::object();
  for (const auto& [name, value] : all.items()) {
    if (!label_attributes.contains(name)) label.facts[name] = value;
  }
  return label;
}

void sync(const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC);
  require(file >= 0 && ::fsync(file) == 0, path, ": cannot be synced: ", std::strerror(errno));
  ::close(file);
}

}  // namespace

const json& Artifact::fact(const std::string& name) const {
  const auto found = label.facts.find(name);
  require(found != label.facts.end(), file.path(), ": has no attribute '", name, "'");
  return *found;
}

Space space_of(const Artifact& artifact) {
  return within(artifact.file.path(), [&] {
    const Space space{artifact.fact("shape").get<std::vector<int64_t>>(),
                      artifact.fact("classes").get<int64_t>()};
    require(bytes_of(space.shape, at::kFloat) > 0 && space.classes >= 0, "has shape ",
            at::IntArrayRef(space.shape), " and ", space.classes, " classes, which cannot be");
    return space;
  });
}

std::string hash_bytes(const void* data, size_t size) {
  Hash hash;
  hash.add(data, size);
  return hash.hex();
}

std::string hash_file(const std::string& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  require(file != nullptr, path, ": cannot be read: ", std::strerror(errno));
  Hash hash;
  std::vector<char> buffer(1 << 20);
  while (const size_t n = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    hash.add(buffer.data(), n);
  }
  require(std::ferror(file.get()) == 0, path, ": cannot be read");
  return hash.hex();
}

bool is_artifact(const std::string& path) {
  if (!std::filesystem::is_regular_file(path) || !h5::has_checksums(path)) return false;
  try {
    return h5::File::open(path).attributes().contains("kind");
  } catch (const Error&) {
    return false;
  }
}

Label read_label(const std::string& path, const std::vector<std::string>& kinds) {
  return label_of(h5::File::open(path), kinds);
}

Artifact open_artifact(const std::string& path, const std::vector<std::string>& kinds) {
  h5::File file = h5::File::open(path);
  const Label label = label_of(file, kinds);
  const std::string found = content_hash(file, label);
  require(found == label.content, path, ": is damaged: its content hash is ", found,
          ", its label says ", label.content, "; make it again or restore a copy");
  return {std::move(file), label};
}

void rename_synced(const std::string& temporary, const std::string& path) {
  sync(temporary, O_RDONLY);
  require(std::rename(temporary.c_str(), path.c_str()) == 0, path,
          ": cannot be named: ", std::strerror(errno));
  const auto folder = std::filesystem::path(path).parent_path();
  sync(folder.empty() ? "." : folder.string(), O_RDONLY | O_DIRECTORY);
}

void seal_artifact(const std::string& temporary, const std::string& path, Label label) {
  label.uuid = new_uuid();
  h5::File file = h5::File::modify(temporary);
  for (const auto& [name, value] : label.facts.items()) file.set_attribute("/", name, value);
  // Facts count as a reader sees them: numbers and texts as HDF5 gives them back.
  for (auto& [name, value] : label.facts.items()) value = file.attribute("/", name);
  label.content = content_hash(file, label);
  if (label.provenance.is_array() && !label.provenance.empty()) {
    json& own = label.provenance.back();
    own["uuid"] = label.uuid, own["content"] = label.content, own["kind"] = label.kind;
    own["path"] = std::filesystem::absolute(path).lexically_normal().string();
  }
  file.set_attribute("/", "kind", label.kind);
  file.set_attribute("/", "format", format_number);
  file.set_attribute("/", "config", label.config);
  file.set_attribute("/", "provenance", label.provenance);
  file.set_attribute("/", "uuid", label.uuid);
  file.set_attribute("/", "content", label.content);
  file.close();
  rename_synced(temporary, path);
}

void write_artifact(const std::string& path, Label label,
                    const std::function<void(h5::File&)>& fill) {
  const std::string temporary = path + ".new";
  try {
    h5::File file = h5::File::create(temporary);
    fill(file);
    file.close();
    seal_artifact(temporary, path, std::move(label));
  } catch (...) {
    std::remove(temporary.c_str());
    throw;
  }
}

}  // namespace couplet
