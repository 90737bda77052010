#include <catch2/catch_test_macros.hpp>

#include <actimanager/roles/writer_counts.hpp>

using actimanager::roles::WriterCounts;

TEST_CASE("writers are counted by name, however many there are") {
  WriterCounts counts;
  CHECK(counts.by_name() == std::map<std::string, std::uint64_t>{{"unknown", 0}});
  for (int i = 0; i < 1000; ++i) counts.count("writer-" + std::to_string(i));
  counts.count("writer-0");
  counts.count("");
  CHECK(counts.by_name().size() == WriterCounts::max_names + 1);
  CHECK(counts.by_name().at("writer-0") == 2);
  CHECK(counts.by_name().at("unknown") == 1);
  CHECK(counts.by_name().at("other") == 1000 - (WriterCounts::max_names - 1));
  CHECK(counts.total() == 1002);
}
