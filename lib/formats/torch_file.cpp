#include "formats/torch_file.h"

#include <ATen/ATen.h>
#include <caffe2/serialize/inline_container.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "formats/bytes.h"
#include "formats/pickle.h"

namespace couplet {

namespace {

using Archive = caffe2::serialize::PyTorchStreamReader;

Tensors read_archive(const std::string& path) {
  Archive archive(path);
  require(!archive.hasRecord("byteorder") || archive.getRecordSize("byteorder") == 6, path,
          ": its numbers have their most significant byte first, which is not read");
  require(archive.hasRecord("data.pkl"), path, ": a zip archive without data.pkl");
  Tensors read;  // storages by their key: tensors share them
  const auto storage = [&](at::ScalarType type, const std::string& key, int64_t count) {
    const std::string record = "data/" + key;
    require(archive.hasRecord(record), path, ": has no '", record, "' (damaged)");
    const size_t size = archive.getRecordSize(record), width = at::elementSize(type);
    require(size % width == 0 && size / width == static_cast<size_t>(count), path, ", ", record,
            ": holds ", size, " bytes, expected ", count, " numbers of ", width);
    if (!read.contains(key)) {
      read[key] = at::empty({count}, type);
      archive.getRecord(record, read[key].mutable_data_ptr(), size);
    }
    require(read[key].scalar_type() == type, path, ", ", record, ": has two types (damaged)");
    return read[key];
  };
  const auto [data, size] = archive.getRecord("data.pkl");
  return read_pickle({static_cast<const char*>(data.get()), size}, storage, path).tensors;
}

// Pickles one behind the other: a number that marks the format, its version, the machine's sizes,
// the contents, the keys of the storages; then each storage: count, numbers.
const std::string stream_mark = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

Tensors read_stream(const std::string& path) {
  const std::string bytes = read_bytes(path);
  std::string_view rest = bytes;
  Tensors read;
  const auto storage = [&](at::ScalarType type, const std::string& key, int64_t count) {
    require(static_cast<size_t>(count) <= bytes.size() / at::elementSize(type), path, ": asks for ",
            count, " numbers, more than the file holds");
    if (!read.contains(key)) read[key] = at::empty({count}, type);
    require(read[key].scalar_type() == type && read[key].numel() == count, path,
            ": a storage of two sizes (damaged)");
    return read[key];
  };
  const auto next = [&] {
    Pickled pickled = read_pickle(rest, storage, path);
    rest.remove_prefix(pickled.size);
    return pickled;
  };
  next();
  require(bytes.starts_with(stream_mark), path, ": a pickle, but not one of torch.save");
  next(), next();
  const Tensors tensors = next().tensors;
  for (const std::string& key : next().texts) {
    require(read.contains(key), path, ": a storage without a tensor (damaged)");
    const size_t size = read[key].nbytes();
    require(rest.size() >= 8 && rest.size() - 8 >= size, path, ": ends too early (truncated)");
    require(little_endian(std::string(rest.substr(0, 8)), 0, 8) ==
                static_cast<uint64_t>(read[key].numel()),
            path, ": a storage of another size (damaged)");
    std::memcpy(read[key].mutable_data_ptr(), rest.data() + 8, size);
    rest.remove_prefix(8 + size);
    read.erase(key);
  }
  require(read.empty(), path, ": a tensor without a storage (damaged)");
  return tensors;
}

}  // namespace

bool is_torch_file(const std::string& path) {
  const std::string head = first_bytes(path, 2);
  return head == "PK" ? !path.ends_with(".npz") : head.starts_with('\x80');
}

Tensors read_torch_file(const std::string& path) {
  if (first_bytes(path, 2) != "PK") return read_stream(path);
  return within(path, [&] { return read_archive(path); });
}

}  // namespace couplet
