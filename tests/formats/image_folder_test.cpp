#include "formats/image_folder.h"

#include <filesystem>

#include "base/error.h"
#include "folder.h"
#include "formats/png.h"
#include "pictures.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;
namespace fs = std::filesystem;

namespace {

Tensor picture(at::IntArrayRef sizes) {
  return at::arange(c10::multiply_integers(sizes)).mul(37).remainder(256).to(at::kByte).view(sizes);
}

void put(const Folder& folder, const std::string& name, const Tensor& image) {
  const std::string path = folder / name;
  fs::create_directories(fs::path(path).parent_path());
  write_png(path, image);
}

}  // namespace

TEST_CASE("images of one folder are alike, or the first that is not is named", "[formats]") {
  const Folder folder;
  put(folder, "a/1.png", picture({4, 4}));
  put(folder, "a/2.png", picture({4, 5}));
  const Examples sizes = read_examples(folder / "a");
  CHECK(at::equal(sizes.x.slice(0, 1)[0][0], picture({4, 4})));
  CHECK_THROWS_WITH(
      sizes.x.all(),
      contains("a/2.png: an image of [1, 4, 5] (channels, height, width), the first"));
  put(folder, "b/1.png", picture({4, 4, 3}));
  put(folder, "b/2.png", picture({4, 4}));
  CHECK_THROWS_WITH(read_examples(folder / "b").x.all(),
                    contains("b/2.png: an image of [1, 4, 4]"));
}

TEST_CASE("a class without images is refused, and an image without a class", "[formats]") {
  const Folder folder;
  put(folder, "cat/1.png", picture({4, 4}));
  fs::create_directories(folder / "dog");
  CHECK_THROWS_WITH(read_examples(folder / ""),
                    contains("dog: a class without PNG or JPEG images"));
  write_bytes(folder / "dog/1.txt", "no image");
  CHECK_THROWS_WITH(read_examples(folder / ""),
                    contains("dog: a class without PNG or JPEG images"));
  put(folder, "dog/1.PNG", picture({4, 4}));
  CHECK(read_examples(folder / "").x.rows() == 2);
  put(folder, "1.png", picture({4, 4}));
  CHECK_THROWS_WITH(read_examples(folder / ""), contains("1.png: an image beside the folders"));
}

TEST_CASE("what lies beside train and test is not left out in silence", "[formats]") {
  const Folder folder;
  put(folder, "train/cat/1.png", picture({4, 4}));
  put(folder, "test/cat/1.png", picture({4, 4}));
  CHECK(read_examples(folder / "").train == 1);
  put(folder, "val/cat/1.png", picture({4, 4}));
  CHECK_THROWS_WITH(read_examples(folder / ""), contains("val: lies beside train/"));
}

TEST_CASE("a file that is no image, or cannot be read, is named", "[formats]") {
  const Folder folder;
  put(folder, "a/1.png", picture({40, 40}));
  const std::string whole = couplet::testing::read_bytes(folder / "a/1.png");
  const std::string jpeg = encode_jpeg(picture({40, 40, 1}));
  const auto refused = [&](const std::string& name, const std::string& bytes,
                           const std::string& message) {
    write_bytes(folder / ("a/" + name), bytes);
    CHECK_THROWS_WITH(read_examples(folder / "a").x.all(), contains(name + ": " + message));
    fs::remove(folder / ("a/" + name));
  };
  refused("2.png", whole.substr(0, whole.size() / 2), "damaged PNG image");
  refused("2.png", "", "not a PNG image");
  refused("2.jpg", jpeg.substr(0, jpeg.size() / 2), "damaged JPEG image");
  refused("2.jpg", "GIF89a", "not a PNG image");
  refused("2.jpg", encode_jpeg(picture({40, 40, 4})), "a JPEG image of 4 colours");
  fs::create_symlink(folder / "absent", folder / "a/2.png");
  CHECK_THROWS_WITH(read_examples(folder / "a").x.all(), contains("2.png: No such file"));
}
