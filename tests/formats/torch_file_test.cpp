#include "formats/torch_file.h"

#include <filesystem>

#include "base/error.h"
#include "folder.h"
#include "formats/pickle.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;
using namespace std::string_literals;

namespace {

Tensors unpickle(const std::string& bytes) {
  const auto storage = [](at::ScalarType type, const std::string&, int64_t count) {
    require(count < 1000, "a storage of ", count, " numbers");
    return at::arange(count).to(type);
  };
  return read_pickle(bytes, storage, "file").tensors;
}

std::string op(const std::string& instructions) { return "\x80\x02" + instructions + "."; }

// A tensor out of a storage of four numbers; sizes and strides as pickled tuples.
std::string tensor(const std::string& offset, const std::string& sizes,
                   const std::string& strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\nU\x01"
         "0U\x03"
         "cpuK\x04tQ" +
         offset + sizes + strides + "\x89}tR";
}

}  // namespace

TEST_CASE("Weight files of PyTorch are read as their tensors are", "[parity]") {
  const std::map<std::string, at::ScalarType> types = {{"torch.float32", at::kFloat},
                                                       {"torch.float16", at::kHalf},
                                                       {"torch.bfloat16", at::kBFloat16},
                                                       {"torch.int64", at::kLong}};
  int64_t files = 0;
  for (const auto& path : golden_files("pickles", "", ".json")) {
    const std::string weights = path.substr(0, path.size() - 5) + ".pth";
    INFO(weights);
    const json expected = json::parse(testing::read_bytes(path));
    const Tensors tensors = read_torch_file(weights);
    CHECK(tensors.size() == expected.size());
    for (const auto& [name, facts] : expected.items()) {
      INFO(name);
      REQUIRE(tensors.contains(name.substr(1)));
      const Tensor& found = tensors.at(name.substr(1));
      CHECK(found.sizes().vec() == facts[0].get<std::vector<int64_t>>());
      CHECK(types.at(facts[1]) == found.scalar_type());
      CHECK(found.to(at::kDouble).sum().item<double>() ==
            Approx(facts[2].get<double>()).margin(2e-6));
    }
    ++files;
  }
  CHECK(files >= 6);
}

TEST_CASE("Weight files that would run code are refused by the name of it", "[parity]") {
  const auto folder =
      std::filesystem::path(golden_files("pickles", "", ".json").at(0)).parent_path();
  CHECK_THROWS_WITH(read_torch_file(folder / "evil.pth"), contains("asks for 'posix system'"));
  CHECK_THROWS_WITH(read_torch_file(folder / "evil-legacy.pth"), contains("'posix system'"));
  CHECK_THROWS_WITH(read_torch_file(folder / "module.pth"),
                    contains("'torch.nn.modules.container Sequential'"));
  CHECK(!std::filesystem::exists("ran"));
}

TEST_CASE("Pickles name their tensors by the way to them") {
  const std::string t = tensor("K\0"s, "K\x02K\x02\x86", "K\x02K\x01\x86");
  const Tensors one = unpickle(op(t));
  CHECK(at::equal(one.at(""), at::arange(4).to(at::kFloat).view({2, 2})));
  CHECK(unpickle(op("}U\x01"
                    "a]" +
                    t + "as"))
            .contains("a/0"));
  CHECK(unpickle(op("}K\x07" + t + "s")).contains("7"));
  CHECK(unpickle(op("}J\xff\xff\xff\xff" + t + "s")).contains("-1"));
  CHECK(unpickle(op("}\x8a\x02\x00\x01"s + t + "s")).contains("256"));
  // Strides are the tensor's own; an attribute beside the entries is none of them.
  const Tensors turned = unpickle(op(tensor("K\0"s, "K\x02K\x02\x86", "K\x01K\x02\x86")));
  CHECK(at::equal(turned.at(""), one.at("").t()));
  CHECK(unpickle(op("ccollections\nOrderedDict\n)R}U\x09_metadataK\x01sb")).empty());
}

TEST_CASE("Pickles may hold plain values beside their tensors") {
  const std::string t = tensor("K\0"s, "K\x02\x85", "K\x01\x85");
  const std::string with =
      "}(U\x01"
      "a" +
      t +
      "U\x01"
      "b";
  CHECK(unpickle(op(with + "N" + "K\x01K\x02u")).size() == 1);               // a key that is none
  CHECK(unpickle(op(with + "ctorch\nfloat32\nu")).size() == 1);              // a type
  CHECK(unpickle(op(with + "cargparse\nNamespace\n)\x81}bu")).size() == 1);  // options
  CHECK(unpickle(op(with + "cbuiltins\nset\n]\x85Ru")).size() == 1);
  CHECK(unpickle(op(with + "\x8f(K\x01K\x02\x90u")).size() == 1);
  CHECK(unpickle(op(with + "\x8b\x02\x00\x00\x00\x01\x02u"s)).size() == 1);
  // A dictionary as a list of pairs, as Python 2 wrote it
  CHECK(unpickle(op("ccollections\nOrderedDict\n]]U\x01"
                    "a"
                    "a" +
                    t + "aa\x85R"))
            .contains("a"));
  // No numbers at all, of whatever sizes
  const Tensor none = unpickle(op(tensor("K\0"s, "K\x03K\0\x86"s, "K\x01K\x01\x86"))).at("");
  CHECK(none.sizes() == at::IntArrayRef({3, 0}));
}

TEST_CASE("Pickles that are damaged or mean harm are refused") {
  const auto refused = [](const std::string& bytes, const std::string& words) {
    INFO(words);
    CHECK_THROWS_WITH(unpickle(bytes), contains(words));
  };
  refused(op("cos\nsystem\nU\x05ls -a\x85R"), "asks for 'os system'");
  refused(op("U\x08"
             "builtinsU\x04"
             "eval\x93"),
          "asks for 'builtins eval'");
  refused(op("ctorch._utils\n_rebuild_parameter\ncos\nsystem\n\x85R"), "'os system'");
  refused(op("cos.path\njoin\n)\x81"), "asks for 'os.path join'");
  refused(op("(cos\nsystem\no"), "asks for 'os system'");
  // Made of what is allowed, but not as torch.save makes it
  refused(op("U\x02os)R"), "expected a class");
  refused(op("ctorch\nFloatStorage\n)R"), "is not called");
  refused(op("ccollections\nOrderedDict\n]K\x01"
             "a\x85R"),
          "expected a pair");
  refused(op("(iposix\nsystem\n"), "instruction 105");
  refused(op("\x82\x01"), "instruction 130");  // a class by its number in a registry
  refused(op("h\x05"), "nothing is noted");
  refused(op("t"), "no mark");
  refused(op("s"), "empty stack");
  refused(op("(0"), "empty stack");
  refused(op("]K\x01K\x02s"), "expected a dictionary");
  refused(op("}K\x01K\x02"
             "a"),
          "expected a list");
  refused(op("X\xff\xff\xff\xff"
             "a"),
          "ends too early");
  refused("\x80\x02}", "ends too early");
  refused("", "ends too early");
  refused(op("}](K\x01t" + tensor("K\0"s, "K\x02\x85", "K\x01\x85") + "ss"), "a dictionary");
  refused(op("}N" + tensor("K\0"s, "K\x02\x85", "K\x01\x85") + "s"), "key is no text");
  refused(op("}X\x00\x08\x00\x00"s + std::string(2048, 'k') + "]s"), "a key of 2048");

  // Containers that hold themselves, or each other many times over
  refused(op("]q\0h\0a"s), "64 deep");
  refused(op(std::string(100000, ']') + std::string(99999, 'a')), "64 deep");
  std::string many = "]q\0"s;
  for (char i = 0; i < 12; ++i) {
    many += "](";
    for (int k = 0; k < 10; ++k) many += "h"s + i;
    many += "eq"s + static_cast<char>(i + 1);
  }
  refused(op(many), "ten million");

  // Tensors beyond their storage, and numbers that no machine has
  const std::string one = "K\x01\x85", minus = "J\xff\xff\xff\xff";
  const std::string huge = "\x8a\x08" + std::string(7, '\xff') + "\x7f";
  refused(op(tensor("K\x01", "K\x04\x85", one)), "does not fit its storage");
  refused(op(tensor("K\0"s, "K\x02\x85", "K\x04\x85")), "does not fit its storage");
  refused(op(tensor("K\0"s, "K\x05\x85", "K\0\x85"s)), "does not fit its storage");
  refused(op(tensor("K\0"s, "K\x02\x85", minus + "\x85")), "does not fit");
  refused(op(tensor(minus, "K\x02\x85", one)), "does not fit");
  refused(op(tensor("K\0"s, huge + huge + "\x86", "K\x01K\x01\x86")), "does not fit");
  refused(op("(U\x07storagectorch\nFloatStorage\nU\x01"
             "0U\x03"
             "cpu" +
             huge + "tQ"),
          "a storage of 9223372036854775807 numbers");
}

TEST_CASE("Damaged weight files are refused in one line", "[parity]") {
  const Folder folder;
  const auto refused = [&](const std::string& name, const std::string& bytes) {
    INFO(name);
    testing::write_bytes(folder / name, bytes);
    try {
      read_torch_file(folder / name);
      FAIL("was read");
    } catch (const std::runtime_error& e) {
      const std::string line = explain(e).message;
      CHECK_THAT(line, contains(name));
      CHECK(line.find('\n') == line.npos);
    }
  };
  for (const std::string name : {"half", "legacy"}) {
    const std::string whole = testing::read_bytes(golden_files("pickles", name, ".pth").at(0));
    for (const size_t size : {whole.size() / 4, whole.size() / 2, whole.size() - 5}) {
      refused(name + std::to_string(size), whole.substr(0, size));
    }
  }
  refused("empty", "");
  refused("text", "not weights at all");
}
