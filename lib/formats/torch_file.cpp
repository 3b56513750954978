#include "formats/torch_file.h"

#include <ATen/ATen.h>
#include <caffe2/serialize/inline_container.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "formats/bytes.h"
#include "formats/pickle.h"

namespace couplet {

namespace {

using Archive = caffe2::serialize::PyTorchStreamReader;

Tensors read_archive(const std::string& path) {
  const auto ask = [&](auto&& f) { return within(path, f); };
  Archive archive = ask([&] { return Archive(path); });
  require(!archive.hasRecord("byteorder") || archive.getRecordSize("byteorder") == 6, path,
          ": its numbers have their most significant byte first, which is not read");
  require(archive.hasRecord("data.pkl"), path, ": a zip archive without data.pkl");
  // torch.save packs nothing, so that all records together are no longer than the file.
  const size_t file_size = std::filesystem::file_size(path);
  size_t total = archive.getRecordSize("data.pkl");
  Tensors read;  // storages by their key: tensors share them
  const auto storage = [&](at::ScalarType type, const std::string& key, int64_t count) {
    const std::string record = "data/" + key;
    if (!read.contains(key)) {
      require(key.find_first_not_of("0123456789") == key.npos && archive.hasRecord(record), path,
              ": a storage is missing (damaged)");
      const size_t size = archive.getRecordSize(record), width = at::elementSize(type);
      require(size % width == 0 && size / width == static_cast<size_t>(count), path, ", ", record,
              ": holds ", size, " bytes, expected ", count, " numbers of ", width);
      require(size <= file_size && (total += size) <= file_size, path,
              ": its records are longer than the file");
      const Tensor numbers = at::empty({count}, type);
      if (size > 0)
        ask([&] { return archive.getRecord(record, numbers.mutable_data_ptr(), size); });
      read[key] = numbers;
    }
    require(read[key].scalar_type() == type && read[key].numel() == count, path, ", ", record,
            ": has two types or sizes (damaged)");
    return read[key];
  };
  require(total <= file_size, path, ": its records are longer than the file");
  const auto [data, size] = ask([&] { return archive.getRecord("data.pkl"); });
  return read_pickle({static_cast<const char*>(data.get()), size}, storage, path).tensors;
}

// Pickles one behind the other: a number that marks the format, its version, the machine's sizes,
// the contents, the keys of the storages; then each storage: count, numbers.
const std::string stream_mark = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

Tensors read_stream(const std::string& path) {
  const std::string bytes = read_bytes(path, std::filesystem::file_size(path));
  std::string_view rest = bytes;
  size_t total = 0;
  Tensors read;
  const auto storage = [&](at::ScalarType type, const std::string& key, int64_t count) {
    if (!read.contains(key)) {
      const size_t most = (bytes.size() - total) / at::elementSize(type);
      require(static_cast<size_t>(count) <= most, path, ": asks for ", count,
              " numbers, more than the file holds");
      read[key] = at::empty({count}, type);
      total += read[key].nbytes();
    }
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
    if (size > 0) std::memcpy(read[key].mutable_data_ptr(), rest.data() + 8, size);
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

bool is_torchscript(const std::string& path) {
  if (!is_torch_file(path) || first_bytes(path, 2) != "PK") return false;
  const auto records = within(path, [&] { return Archive(path).getAllRecords(); });
  return std::any_of(records.begin(), records.end(),
                     [](const std::string& name) { return name.starts_with("code/"); });
}

Tensors read_torch_file(const std::string& path) {
  if (first_bytes(path, 2) != "PK") return read_stream(path);
  return read_archive(path);
}

}  // namespace couplet
