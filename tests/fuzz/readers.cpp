#include "readers.h"

#include <ATen/ATen.h>
#include <hdf5.h>
#include <zlib.h>

#include <filesystem>

#include "base/error.h"
#include "base/options.h"
#include "base/parse.h"
#include "data/conversion.h"
#include "folder.h"
#include "formats/arrays.h"
#include "formats/bytes.h"
#include "formats/cifar.h"
#include "formats/csv.h"
#include "formats/idx.h"
#include "formats/jpeg.h"
#include "formats/npz.h"
#include "formats/pickle.h"
#include "formats/png.h"
#include "formats/safetensors.h"
#include "formats/torch_file.h"
#include "formats/zip.h"
#include "io/checkpoint.h"
#include "io/pairs.h"
#include "io/samples.h"
#include "pictures.h"

namespace couplet::fuzz {

using namespace couplet::testing;

namespace {

namespace fs = std::filesystem;

constexpr int64_t plain = 64, packed = 4 * static_cast<int64_t>(most_inflation);

Tensor ramp(at::IntArrayRef sizes) {
  return at::arange(c10::multiply_integers(sizes)).mul(37).remainder(251).to(at::kByte).view(sizes);
}

std::string bytes_of_tensor(const Tensor& t) {
  return {static_cast<const char*>(t.const_data_ptr()), t.nbytes()};
}

/// The bytes of a file that write makes.
std::string made(const std::string& folder, const std::string& name,
                 const std::function<void(const std::string& path)>& write) {
  const std::string path = folder + "/" + name;
  write(path);
  const std::string bytes = couplet::testing::read_bytes(path);
  fs::remove(path);
  return bytes;
}

std::vector<std::string> files_in(const std::string& folder, const std::string& ending) {
  std::vector<std::string> paths, all;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ending) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) all.push_back(couplet::testing::read_bytes(path));
  return all;
}

// Reading all that a reader offers

void read_all(const Examples& examples) {
  examples.x.for_rows([](int64_t, const Tensor& rows) { rows.to(at::kFloat).sum(); });
}

void read_hdf5(const std::string& path) {
  const h5::File file = h5::File::open(path);
  for (const auto& name : file.datasets()) {
    try {
      file.attributes(name);
      file.array(name).all();
      file.map(name).to(at::kFloat).sum();
    } catch (const Error&) {  // the next one may be read
    }
  }
  file.attributes();
}

void read_ours(const std::string& path) {
  const std::string kind = read_label(path).kind;
  if (kind == "dataset") {
    open_dataset(path);
  } else if (kind == "samples") {
    read_samples(path);
  } else if (kind == "couplings") {
    read_pairs(path);
  } else {
    read_checkpoint(path, {});
  }
}

/// The four files of ours, small: kind, facts, and what they hold.
struct OurFile {
  std::string kind;
  json facts;
  Tensors datasets;
};
const std::vector<OurFile>& our_files() {
  static const json common = {{"shape", {1, 2, 2}}, {"classes", 2},    {"scale", 0.5},
                              {"shift", -1.0},      {"storage", "u8"}, {"data", "0123"}};
  const auto with = [](json facts) {
    facts.update(common);
    return facts;
  };
  static const std::vector<OurFile> all = {
      {"dataset",
       with({{"train", 3}, {"steps", {"made"}}}),
       {{"x", ramp({4, 1, 2, 2})}, {"label", at::tensor({0, 1, -1, 0}, at::kLong)}}},
      {"samples",
       with({{"model", "flow-map"}, {"nfe", 2}}),
       {{"x", ramp({4, 1, 2, 2})},
        {"label", at::zeros({4}, at::kLong)},
        {"row", at::arange(4, at::kLong)},
        {"curvature", at::zeros({4})}}},
      {"couplings",
       with({{"clock", "noise at 0"}, {"quality", {{"examples", 4}}}}),
       {{"x1", ramp({4, 1, 2, 2})},
        {"x0", at::zeros({4, 2, 1, 2, 2})},
        {"label", at::zeros({4}, at::kLong)},
        {"flip", at::zeros({4, 2}, at::kByte)}}},
      {"velocity-field",
       with({{"interpolant", "linear"}}),
       {{"blocks/0/weights/a", at::zeros({3, 2})}, {"blocks/0/average/a", at::zeros({3, 2})}}}};
  return all;
}

void write_ours(const std::string& path, const OurFile& file, const json& facts) {
  Label label{.kind = file.kind};
  label.facts = facts;
  label.provenance = json::array({{{"tool", "test"}, {"seed", 1}, {"parents", {"0123"}}}});
  write_artifact(path, label, [&](h5::File& out) {
    for (const auto& [name, data] : file.datasets) out.write(name, data);
    if (file.kind != "velocity-field") return;
    out.set_attribute("blocks/0", "net", {{"type", "mlp"}});
    out.set_attribute("blocks/0", "decay", 0.999);
  });
}

/// Facts that were damaged, in a file that is whole: a hash does not vouch for sense.
void read_facts(const std::string& path) {
  const json facts = parse_json(couplet::testing::read_bytes(path));
  require(facts.is_object(), path, ": no object");
  for (const auto& [name, value] : facts.items()) {
    require(!name.empty() && name.find('\0') == name.npos && name.find('/') == name.npos,
            "no name");
  }
  const std::string whole = path + ".h5";
  for (const OurFile& file : our_files()) {
    try {
      write_ours(whole, file, facts);
      read_ours(whole);
    } catch (const Error&) {  // the other kinds may be read
    }
  }
  fs::remove(whole);
}

// As h5py writes by default: the oldest layout, chunks, texts of any length.
void write_old_hdf5(const std::string& path) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hsize_t sizes[] = {40, 3, 4, 4}, chunk[] = {8, 3, 4, 4}, count[] = {40};
  const hid_t space = H5Screate_simple(4, sizes, nullptr),
              rows = H5Screate_simple(1, count, nullptr);
  const hid_t how = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(how, 4, chunk), H5Pset_shuffle(how), H5Pset_deflate(how, 6);
  const hid_t x = H5Dcreate2(file, "x", H5T_STD_U8LE, space, H5P_DEFAULT, how, H5P_DEFAULT);
  const Tensor bytes = ramp({40, 3, 4, 4}), labels = at::arange(40, at::kLong);
  H5Dwrite(x, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.const_data_ptr());
  const hid_t label =
      H5Dcreate2(file, "label", H5T_STD_I64BE, rows, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(label, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels.const_data_ptr());
  const hid_t text = H5Tcopy(H5T_C_S1), one = H5Screate(H5S_SCALAR);
  H5Tset_size(text, H5T_VARIABLE);
  const hid_t note = H5Acreate2(x, "note", text, one, H5P_DEFAULT, H5P_DEFAULT);
  const char* words = "a text of any length";
  H5Awrite(note, text, &words);
  const hid_t group = H5Gcreate2(file, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/x", group, "soft", H5P_DEFAULT, H5P_DEFAULT);
  for (const hid_t a : {note}) H5Aclose(a);
  for (const hid_t d : {x, label}) H5Dclose(d);
  for (const hid_t s : {space, rows, one}) H5Sclose(s);
  H5Tclose(text), H5Gclose(group), H5Pclose(how), H5Fclose(file);
}

// Seeds

std::vector<std::string> hdf5_seeds(const std::string& folder) {
  std::vector<std::string> seeds = {made(folder, "old.h5", write_old_hdf5)};
  for (const OurFile& file : our_files()) {
    seeds.push_back(made(folder, file.kind + ".h5",
                         [&](const std::string& path) { write_ours(path, file, file.facts); }));
  }
  return seeds;
}

std::vector<std::string> fact_seeds() {
  std::vector<std::string> seeds;
  for (const OurFile& file : our_files()) seeds.push_back(file.facts.dump());
  return seeds;
}

std::string npy_of(const std::string& folder, const Tensor& array) {
  return made(folder, "a.npy", [&](const std::string& path) { write_npy(path, array); });
}

std::vector<std::string> npz_seeds(const std::string& folder) {
  const Tensors arrays = {{"x", ramp({6, 3, 4, 4})},
                          {"label", at::arange(6, at::kLong)},
                          {"train", at::scalar_tensor(4, at::kLong)}};
  const std::string large = made(folder, "large.npz", [&](const std::string& path) {
    ZipWriter zip(path);
    const std::string x = npy_of(folder, ramp({6, 5}).to(at::kFloat));
    zip.begin("x.npy", x.size(), /*zip64=*/true);
    zip.write(x);
    zip.finish();
  });
  return {made(folder, "a.npz", [&](const std::string& path) { write_npz(path, arrays); }), large};
}

std::vector<std::string> png_seeds() {
  const std::string row = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP";
  const auto rows = [&](size_t size) {
    return std::vector<std::string>{row.substr(0, size), row.substr(3, size), row.substr(4, size)};
  };
  return {encode_png(ramp({5, 7})),
          encode_png(ramp({6, 4, 3})),
          encode_any_png(4, 16, 0, rows(8)),
          encode_any_png(4, 16, 6, rows(32)),
          encode_any_png(4, 8, 4, rows(8), {{"gAMA", std::string("\0\1\x86\xa0", 4)}}),
          encode_any_png(8, 2, 3, rows(2), {{"PLTE", "aaabbbcccddd"}, {"tRNS", "\x10\x20"}})};
}

std::vector<std::string> jpeg_seeds() {
  return {encode_jpeg(ramp({16, 20, 3})), encode_jpeg(ramp({16, 20, 3}), true),
          encode_jpeg(ramp({9, 9, 1})), encode_jpeg(ramp({8, 8, 4}))};
}

std::string idx_seed() {
  return std::string({0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 4}) +
         bytes_of_tensor(ramp({5, 3, 4}));
}

uint32_t checksum(const std::string& bytes, size_t begin, size_t size) {
  return crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data() + begin), size);
}

/// Every chunk's.
std::string mended_png(std::string bytes) {
  for (size_t at = 8; at + 12 <= bytes.size();) {
    const uint64_t size = big_endian(bytes, at, 4);
    if (size > bytes.size() - at - 12) break;
    const uint32_t crc = checksum(bytes, at + 4, size + 4);
    for (int i = 0; i < 4; ++i) bytes[at + 8 + size + i] = static_cast<char>(crc >> (24 - 8 * i));
    at += size + 12;
  }
  return bytes;
}

/// Every stored member's, in the list at the end.
std::string mended_zip(std::string bytes) {
  for (size_t at = bytes.find("PK\1\2"); at < bytes.size(); at = bytes.find("PK\1\2", at + 4)) {
    if (at + 46 > bytes.size()) break;
    const uint64_t size = little_endian(bytes, at + 24, 4),
                   local = little_endian(bytes, at + 42, 4);
    if (local + 30 > bytes.size()) continue;
    const uint64_t begin =
        local + 30 + little_endian(bytes, local + 26, 2) + little_endian(bytes, local + 28, 2);
    if (begin > bytes.size() || size > bytes.size() - begin) continue;
    const uint32_t crc = checksum(bytes, begin, size);
    for (int i = 0; i < 4; ++i) bytes[at + 16 + i] = static_cast<char>(crc >> (8 * i));
  }
  return bytes;
}

const std::string table = "a,b,label\n0.5,-2e3,0\r\n1,2,1\n3.25,1e-7,2\n";
const std::string experiment =
    R"({"about": "x", // comment
       "couplet-convert": {"shape": [1, 8, 8], "range": 16, "test": 0.2, "licence": "é\u00e9"},
       "nf-train": {"train": {"steps": 3, "ema": [0.9, 0.99]}, "flow": "tarflow"}})";

std::vector<std::string> safetensors_seeds(const std::string& folder) {
  NamedTensors contents;
  contents.tensors = {{"a", at::ones({2, 3})},
                      {"b.c", at::arange(4, at::kLong)},
                      {"half", at::ones({3}, at::kHalf)}};
  contents.metadata = {{"couplet", "{}"}};
  return {made(folder, "a.safetensors",
               [&](const std::string& path) { write_safetensors(path, contents); })};
}

std::vector<std::string> pickle_seeds(const std::string& source) {
  std::vector<std::string> seeds;
  for (const char* name : {"cfm", "bf16", "half", "param", "sit", "module", "evil"}) {
    const std::string path = source + "/tests/reference/pickles/" + name + ".pth";
    for (const ZipMember& member : list_zip(path)) {
      if (member.name.ends_with("data.pkl")) seeds.push_back(read_member(path, member));
    }
  }
  return seeds;
}

void read_one_pickle(const std::string& path) {
  const std::string bytes = couplet::testing::read_bytes(path);
  const auto storage = [&](at::ScalarType type, const std::string&, int64_t count) {
    require(static_cast<size_t>(count) <= bytes.size(), "more than there are");
    return at::zeros({count}, type);
  };
  for (const auto& [name, tensor] : read_pickle(bytes, storage, path).tensors) {
    tensor.to(at::kFloat).sum();
  }
}

/// The file is one of the six that the folder has.
void read_cifar(const std::string& path) {
  const std::string folder = path + ".folder";
  fs::create_directories(folder);
  for (const char* other : {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4",
                            "data_batch_5", "test_batch"}) {
    fs::copy_file(path, folder + "/" + other + ".bin", fs::copy_options::overwrite_existing);
  }
  fs::copy_file(path, folder + "/batches.meta.txt", fs::copy_options::overwrite_existing);
  read_all(read_cifar_folder(folder));
}

}  // namespace

std::vector<Reader> readers(const std::string& folder, const std::string& source) {
  const auto examples = [](Examples (*read)(const std::string&)) {
    return [read](const std::string& path) { read_all(read(path)); };
  };
  const std::string npy = npy_of(folder, ramp({6, 3, 4}).to(at::kFloat));
  return {
      {"hdf5", ".h5", packed, hdf5_seeds(folder), read_hdf5},
      {"hdf5-examples", ".h5", packed, hdf5_seeds(folder), examples(read_hdf5_examples)},
      {"artifact", ".h5", packed, hdf5_seeds(folder), read_ours},
      {"facts", ".json", 4 * plain, fact_seeds(), read_facts},
      {"npz", ".npz", packed, npz_seeds(folder), examples(read_npz_examples), mended_zip},
      {"npz-arrays", ".npz", packed, npz_seeds(folder),
       [](const std::string& path) { read_npz(path); }, mended_zip},
      {"npy", ".npy", packed, {npy, gzip(npy)}, examples(read_npy_examples)},
      {"torch", ".pth", 4 * plain, files_in(source + "/tests/reference/pickles", ".pth"),
       [](const std::string& path) { read_torch_file(path), is_torchscript(path); }, mended_zip},
      {"pickle", ".pkl", 4 * plain, pickle_seeds(source), read_one_pickle},
      {"safetensors", ".safetensors", plain, safetensors_seeds(folder),
       [](const std::string& path) { read_safetensors(path); }},
      {"png", ".png", packed, png_seeds(), [](const std::string& path) { read_png(path); },
       mended_png},
      {"jpeg", ".jpg", packed, jpeg_seeds(), [](const std::string& path) { read_jpeg(path); }},
      {"idx", "", packed, {idx_seed(), gzip(idx_seed())}, examples(read_idx_examples)},
      {"cifar", ".bin", plain, {std::string("\3", 1) + bytes_of_tensor(ramp({3072}))}, read_cifar},
      {"csv", ".csv", packed, {table, gzip(table)}, examples(read_csv_examples)},
      {"json", ".json", 4 * plain, {experiment, fact_seeds()[0]}, [](const std::string& path) {
         const json all = parse_json(couplet::testing::read_bytes(path), /*comments=*/true);
         if (all.is_object() && all.contains("couplet-convert")) {
           read_options<ConversionOptions>(all["couplet-convert"]);
         }
       }}};
}

}  // namespace couplet::fuzz
