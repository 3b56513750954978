// The binary versions of CIFAR-10 and CIFAR-100: records of labels and 3 x 32 x 32 bytes.
#pragma once
#include "formats/examples.h"

namespace couplet {

/// A folder with data_batch_1.bin … and test_batch.bin (CIFAR-10), or train.bin and test.bin
/// (CIFAR-100, whose fine labels are taken); names of classes where their text file is there.
bool is_cifar_folder(const std::string& path);
/// Errors: a file that ends within a record; a split that is missing.
Examples read_cifar_folder(const std::string& path);

}  // namespace couplet
