// Reading of whole maps.
#pragma once

#include <cstdint>
#include <vector>

namespace aitia {

struct MapContent {
  uint32_t key_size;
  uint32_t value_size;  // of one value: for a per-CPU map all CPUs' values, each at a multiple of 8 bytes
  uint32_t count;
  std::vector<uint8_t> keys;
  std::vector<uint8_t> values;
};

// Throws std::runtime_error. Entries that change meanwhile may be in it or not.
MapContent ReadMap(int fd);

}  // namespace aitia
