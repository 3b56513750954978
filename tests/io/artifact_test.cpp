#include "io/artifact.h"

#include "base/error.h"
#include "base/version.h"
#include "folder.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

Label some_label() {
  Label label;
  label.kind = "dataset";
  label.config = {{"batch", 3}, {"rate", 0.1}};
  label.facts = {{"classes", 3}, {"shape", {2, 2}}, {"scale", 0.25}, {"data", "abc"}, {"u8", true}};
  label.provenance = {{{"tool", "test"}, {"version", "9.9.9"}, {"seed", 1}}};
  return label;
}

Tensors some_data() {
  return {{"x", at::arange(24, at::kFloat).view({6, 2, 2})},
          {"label", row_range(0, 6)},
          {"blocks/0/weights/w", at::arange(5, at::kDouble)},
          {"blocks/0/weights/half", at::arange(3).to(at::kHalf)}};
}

void write(const std::string& path, const Label& label = some_label(),
           const Tensors& data = some_data(), const json& net = {{"type", "mlp"}}) {
  write_artifact(path, label, [&](h5::File& file) {
    for (const auto& [name, tensor] : data) file.write(name, tensor);
    file.set_attribute("blocks/0", "net", net);
  });
}

/// All that a reader can learn of a file.
std::pair<json, Tensors> contents(const std::string& path) {
  const Artifact artifact = open_artifact(path);
  Tensors data;
  for (const auto& name : artifact.file.datasets()) data[name] = artifact.file.read(name);
  const Label& l = artifact.label;
  return {{l.kind, l.config, l.facts, l.provenance, l.uuid, l.content,
           artifact.file.attributes("blocks/0")},
          data};
}

bool same(const std::pair<json, Tensors>& a, const std::pair<json, Tensors>& b) {
  if (a.first != b.first || a.second.size() != b.second.size()) return false;
  for (const auto& [name, tensor] : a.second) {
    const auto found = b.second.find(name);
    if (found == b.second.end() || found->second.scalar_type() != tensor.scalar_type() ||
        !at::equal(found->second, tensor)) {
      return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("An artifact comes back with its label", "[io]") {
  const Folder folder;
  const std::string path = folder / "a.h5";
  write(path);
  CHECK(folder.names() == std::vector<std::string>{"a.h5"});
  const Artifact artifact = open_artifact(path, {"samples", "dataset"});
  const Label& label = artifact.label;
  CHECK(label.kind == "dataset");
  CHECK(label.config == some_label().config);
  CHECK(label.facts == some_label().facts);
  CHECK(artifact.fact("classes") == 3);
  CHECK(at::equal(artifact.file.read("x"), some_data()["x"]));
  CHECK(label.uuid.size() == 36);
  CHECK(label.content.size() == 32);
  CHECK(label.provenance.back()["uuid"] == label.uuid);
  CHECK(label.provenance.back()["content"] == label.content);
  CHECK(label.provenance.back()["kind"] == "dataset");
  CHECK(artifact.file.attribute("/", "format") == format_number);
  CHECK(read_label(path).content == label.content);
  CHECK(is_artifact(path));
  CHECK_THROWS_WITH(artifact.fact("eta"), contains("a.h5: has no attribute 'eta'"));
  write(path);  // over it
  CHECK(read_label(path).content == label.content);
  CHECK(read_label(path).uuid != label.uuid);
}

TEST_CASE("A label without facts or provenance is a label", "[io]") {
  const Folder folder;
  Label label;
  label.kind = "statistics";
  write_artifact(folder / "a.h5", label, [](h5::File& file) { file.write("x", at::ones({1})); });
  CHECK(open_artifact(folder / "a.h5").label.provenance.empty());
}

TEST_CASE("The content hash is of data, options and facts, and of nothing else", "[io]") {
  const Folder folder;
  const auto hash = [&](const Label& label, const Tensors& data = some_data(),
                        const json& net = {{"type", "mlp"}}) {
    write(folder / "b.h5", label, data, net);
    return read_label(folder / "b.h5").content;
  };
  const std::string content = hash(some_label());
  CHECK(hash(some_label()) == content);
  Label label = some_label();
  label.provenance = {{{"tool", "other"}, {"finished", 123}}, {{"tool", "more"}}};
  CHECK(hash(label) == content);
  label.provenance = json::array();
  CHECK(hash(label) == content);

  const auto changed = [&](const std::function<void(Label&)>& change) {
    Label other = some_label();
    change(other);
    return hash(other) != content;
  };
  CHECK(changed([](Label& l) { l.kind = "samples"; }));
  CHECK(changed([](Label& l) { l.config["batch"] = 4; }));
  CHECK(changed([](Label& l) { l.facts["scale"] = 0.5; }));
  CHECK(changed([](Label& l) { l.facts["more"] = 1; }));
  CHECK(hash(some_label(), some_data(), {{"type", "dit"}}) != content);
  for (auto& [name, tensor] : some_data()) {
    INFO(name);
    Tensors data = some_data();
    data[name] = tensor.clone();
    data[name].view(-1)[2] += 1;
    CHECK(hash(some_label(), data) != content);
    data[name] = tensor.view({-1, 1});
    CHECK(hash(some_label(), data) != content);
    data[name] = tensor.to(tensor.scalar_type() == at::kDouble ? at::kFloat : at::kDouble);
    CHECK(hash(some_label(), data) != content);
  }
}

TEST_CASE("A file cut short is an error", "[io]") {
  const Folder folder;
  const std::string path = folder / "a.h5";
  write(path);
  const std::string whole = read_bytes(path);
  for (size_t i = 0; i < 40; ++i) {
    write_bytes(path, whole.substr(0, i * whole.size() / 40));
    INFO(i << " fortieths");
    CHECK_THROWS_AS(open_artifact(path), Error);
  }
  write_bytes(path, whole.substr(0, whole.size() - 1));
  CHECK_THROWS_AS(open_artifact(path), Error);
}

TEST_CASE("A flipped bit is found, or was in no one's data", "[io]") {
  const Folder folder;
  const std::string path = folder / "a.h5";
  write(path);
  const auto before = contents(path);
  const std::string whole = read_bytes(path);
  int found = 0;
  constexpr size_t flips = 400;
  for (size_t i = 0; i < flips; ++i) {
    const size_t at = i * whole.size() / flips + i % 7 % (whole.size() / flips);
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (i % 8)));
    write_bytes(path, bytes);
    INFO("byte " << at << " of " << whole.size() << ", bit " << i % 8);
    try {
      const auto now = contents(path);
      CHECK(same(now, before));
    } catch (const Error&) {
      ++found;
    }
  }
  CHECK(found > 100);
}

TEST_CASE("Foreign files, other kinds and newer formats are refused by name", "[io]") {
  const Folder folder;
  const std::string path = folder / "a.h5";
  {
    h5::File foreign = h5::File::create(path);
    foreign.write("x", at::ones({3}));
  }
  CHECK_FALSE(is_artifact(path));
  CHECK_THROWS_WITH(open_artifact(path), contains("not one of Couplet's"));
  {
    h5::File foreign = h5::File::modify(path);
    foreign.set_attribute("/", "kind", 3);
    foreign.set_attribute("/", "format", "two");
  }
  CHECK_THROWS_WITH(open_artifact(path), contains("not one of Couplet's"));
  write_bytes(path, "text");
  CHECK_FALSE(is_artifact(path));
  CHECK_FALSE(is_artifact(folder / "none.h5"));
  CHECK_FALSE(is_artifact(folder / "."));

  write(path);
  CHECK_THROWS_WITH(open_artifact(path, {"couplings", "samples"}),
                    contains("holds dataset, expected couplings or samples"));
  h5::File::modify(path).set_attribute("/", "format", format_number + 1);
  CHECK_THROWS_WITH(open_artifact(path), contains("version 9.9.9") && contains(COUPLET_VERSION));
  CHECK_THROWS_AS(read_label(path), Error);
}

TEST_CASE("Writing that fails leaves nothing, and what was there stands", "[io]") {
  const Folder folder;
  const std::string path = folder / "a.h5";
  const auto fails = [&] {
    write_artifact(path, some_label(), [](h5::File& file) {
      file.write("x", at::ones({4}));
      fail("on purpose");
    });
  };
  CHECK_THROWS_WITH(fails(), "on purpose");
  CHECK(folder.names().empty());
  write(path);
  const std::string whole = read_bytes(path);
  CHECK_THROWS_AS(fails(), Error);
  CHECK(folder.names() == std::vector<std::string>{"a.h5"});
  CHECK(read_bytes(path) == whole);
  CHECK_THROWS_AS(write(folder / "none/a.h5"), Error);
}

TEST_CASE("Hashes are XXH3's", "[io]") {
  CHECK(hash_bytes("", 0) == "99aa06d3014798d86001c324468d497f");
  const Folder folder;
  const std::string bytes(3000000, 'c');
  write_bytes(folder / "c", bytes);
  CHECK(hash_file(folder / "c") == hash_bytes(bytes.data(), bytes.size()));
  CHECK_THROWS_AS(hash_file(folder / "none"), Error);
}
