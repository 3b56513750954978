#include "formats/zip.h"

#include <zlib.h>

#include <cstdint>

#include "base/error.h"
#include "formats/bytes.h"

namespace couplet {

namespace {

constexpr uint64_t local_mark = 0x04034b50, central_mark = 0x02014b50, end_mark = 0x06054b50;
constexpr size_t local_size = 30, central_size = 46, end_size = 22;
constexpr uint64_t limit = 0xffffffff;  // larger archives want zip64

struct Field {
  uint64_t value;
  int size;
};

void put(std::string& out, std::initializer_list<Field> fields) {
  for (const auto& [value, size] : fields) {
    for (int i = 0; i < size; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  }
}

uint32_t checksum(const std::string& bytes) {
  return crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

std::string inflate_raw(const std::string& packed, size_t size, const std::string& what) {
  std::string out(size, '\0');
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = packed.size();
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = size;
  require(inflateInit2(&stream, -MAX_WBITS) == Z_OK, what, ": zlib cannot begin");
  const int status = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  require(status == Z_STREAM_END && stream.avail_out == 0, what, ": damaged compressed data");
  return out;
}

}  // namespace

std::string encode_zip(const Members& members) {
  uint64_t total = end_size;
  for (const auto& [name, data] : members) {
    total += data.size() + 2 * name.size() + local_size + central_size;
  }
  require(total < limit, "a zip archive of ", total, " bytes is too large (4 GiB); choose .h5");
  std::string out, central;
  out.reserve(total);
  constexpr uint64_t version = 20, flags = 0, stored = 0, time = 0, date = 0x21;  // 1 January 1980
  for (const auto& [name, data] : members) {
    const uint64_t crc = checksum(data), offset = out.size();
    put(out, {{local_mark, 4}, {version, 2}, {flags, 2}, {stored, 2}, {time, 2}, {date, 2}});
    put(out, {{crc, 4}, {data.size(), 4}, {data.size(), 4}, {name.size(), 2}, {0, 2}});
    out += name;
    out += data;
    put(central, {{central_mark, 4}, {version, 2}, {version, 2}, {flags, 2}, {stored, 2}});
    put(central, {{time, 2}, {date, 2}, {crc, 4}, {data.size(), 4}, {data.size(), 4}});
    put(central, {{name.size(), 2}, {0, 2}, {0, 2}, {0, 2}, {0, 2}, {0, 4}, {offset, 4}});
    central += name;
  }
  const uint64_t begin = out.size(), count = members.size();
  out += central;
  put(out, {{end_mark, 4}, {0, 2}, {0, 2}, {count, 2}, {count, 2}, {central.size(), 4}});
  put(out, {{begin, 4}, {0, 2}});
  return out;
}

Members decode_zip(const std::string& bytes, const std::string& source) {
  const size_t end = bytes.rfind("PK\x05\x06");
  require(end != std::string::npos && end + end_size <= bytes.size(), source,
          ": not a whole zip archive (truncated?)");
  const auto at = [&](size_t place, size_t size) {
    require(place + size <= bytes.size(), source, ": damaged zip archive");
    return little_endian(bytes, place, size);
  };
  Members members;
  size_t entry = at(end + 16, 4);
  for (uint64_t left = at(end + 10, 2); left > 0; --left) {
    require(at(entry, 4) == central_mark, source, ": damaged list of members");
    const uint64_t method = at(entry + 10, 2), crc = at(entry + 16, 4), packed = at(entry + 20, 4);
    const uint64_t size = at(entry + 24, 4), length = at(entry + 28, 2), local = at(entry + 42, 4);
    const std::string name = bytes.substr(entry + central_size, length),
                      what = source + ", " + name;
    require(packed < limit && size < limit && local < limit, what, ": zip64 is not read");
    require(at(local, 4) == local_mark, what, ": damaged zip archive");
    const size_t data = local + local_size + at(local + 26, 2) + at(local + 28, 2);
    require(data + packed <= bytes.size(), what, ": ends too early (truncated)");
    require(method == 0 || method == 8, what, ": packed by method ", method, ", expected 0 or 8");
    std::string content = bytes.substr(data, packed);
    if (method == 8) content = inflate_raw(content, size, what);
    require(checksum(content) == crc, what, ": its checksum is wrong (damaged)");
    members[name] = std::move(content);
    entry += central_size + length + at(entry + 30, 2) + at(entry + 32, 2);
  }
  return members;
}

}  // namespace couplet
