// Python pickles, read as data: nothing in them is run.
#pragma once
#include <functional>
#include <string_view>

#include "base/types.h"

namespace couplet {

/// Gives the numbers behind a storage as a tensor (count), of the type and under the key that the
/// pickle names.
using StorageReader =
    std::function<Tensor(at::ScalarType type, const std::string& key, int64_t count)>;

/// What one pickle holds.
struct Pickled {
  /// Tensors by their way through dictionaries and lists: "net_model/0.weight". They share memory
  /// with their storages.
  Tensors tensors;
  std::vector<std::string> texts;  ///< of a plain list of short strings: these; else empty
  size_t size = 0;                 ///< bytes read, up to and with the last instruction
};

/// Reads the pickle at the start of bytes: dictionaries, lists, numbers, texts and tensors as
/// torch.save writes them; types, numpy's numbers and an argparse.Namespace beside them are left
/// out. source: what errors call it. Errors: whatever else it asks for, by name; containers that
/// are nested beyond reason; tensors beyond their storage; damage.
Pickled read_pickle(std::string_view bytes, const StorageReader& storage,
                    const std::string& source);

}  // namespace couplet
