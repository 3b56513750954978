#include "base/log.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "testing.h"

using namespace couplet;

TEST_CASE("records after the step and a torn line are cut, and the log goes on", "[base]") {
  const auto path = std::filesystem::temp_directory_path() / "couplet-log-test.jsonl";
  std::ofstream(path) << "{\"step\":10}\n{\"step\":20}\n{\"step\":30}\n{\"ste";
  Log log;
  log.open_records(path, GENERATE(20, 29));
  log.record({{"step", 30}});
  std::stringstream all;
  all << std::ifstream(path).rdbuf();
  CHECK(all.str() == "{\"step\":10}\n{\"step\":20}\n{\"step\":30}\n");
  log.open_records(path, 100);
  CHECK(std::filesystem::file_size(path) == all.str().size());
  std::filesystem::remove(path);
  CHECK_THROWS_WITH(log.open_records("/no/such/folder/log", 0),
                    contains("cannot be written: No such"));
}
