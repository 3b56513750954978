// The label on every file, and the one way in which files are opened and written.
#pragma once
#include <functional>

#include "base/space.h"
#include "io/hdf5.h"

namespace couplet {

/// What a file says of itself, as root attributes. facts: what else the kind carries on ("eta",
/// "shape", …), one attribute each.
struct Label {
  std::string kind;  ///< "dataset", "couplings", "normalizing-flow", "velocity-field", …
  json config = json::object();  ///< the tool's effective options, every default written out
  json facts = json::object();
  /// Records {uuid, kind, content, tool, version, argv, seed, …, parents}, its own last.
  json provenance = json::array();
  std::string uuid;
  std::string content;  ///< hash of kind, config, facts and all data, of nothing else
};

/// The newest format that this program writes and reads.
inline constexpr int64_t format_number = 1;

/// A file of ours, opened and verified.
struct Artifact {
  h5::File file;
  Label label;
  const json& fact(const std::string& name) const;  ///< Error naming the file where it is missing
};

/// Opens a file of one of the kinds given (none: any); checks kind, format and the content hash.
/// Errors: not ours, another kind, a newer format (says which version wrote it), damaged data.
Artifact open_artifact(const std::string& path, const std::vector<std::string>& kinds = {});

/// The facts "shape" and "classes". Errors name the file.
Space space_of(const Artifact& artifact);

/// Only the label, nothing verified but kind and format.
Label read_label(const std::string& path, const std::vector<std::string>& kinds = {});

/// True if the file is HDF5 and bears our label.
bool is_artifact(const std::string& path);

/// Writes a whole file: beside, with its content hash, synced and renamed. fill writes the
/// datasets. Sets label.uuid and label.content, and those of the last record of its provenance.
void write_artifact(const std::string& path, Label label,
                    const std::function<void(h5::File&)>& fill);

/// The second half of write_artifact, for a file whose data lies already at temporary: writes the
/// label, hashes, syncs and renames temporary to path.
void seal_artifact(const std::string& temporary, const std::string& path, Label label);

/// Hash (XXH3, 128 bits, hex) of bytes.
std::string hash_bytes(const void* data, size_t size);
/// Hash of a whole foreign file's bytes.
std::string hash_file(const std::string& path);
/// Puts a file's bytes and its name on the disk for good, then calls it path.
void rename_synced(const std::string& temporary, const std::string& path);

}  // namespace couplet
