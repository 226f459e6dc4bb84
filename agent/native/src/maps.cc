#include "maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace aitia {
namespace {

bool IsPerCpu(uint32_t type) {
  return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

}  // namespace

MapContent ReadMap(int fd) {
  bpf_map_info info = {};
  uint32_t info_size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &info_size) != 0)
    throw std::runtime_error(std::string("cannot ask for a map's form: ") + strerror(errno));
  MapContent content = {info.key_size, info.value_size, 0, {}, {}};
  if (IsPerCpu(info.type)) content.value_size = ((info.value_size + 7) & ~7u) * libbpf_num_possible_cpus();
  std::vector<uint8_t> key(info.key_size);
  // as many steps as the map has room for, since an entry that is deleted meanwhile makes the walk start again
  for (uint32_t i = 0; i < info.max_entries; i++) {
    const void* previous = i == 0 ? nullptr : key.data();
    std::vector<uint8_t> next(info.key_size);
    if (bpf_map_get_next_key(fd, previous, next.data()) != 0) break;
    key = next;
    const size_t end = content.values.size();
    content.values.resize(end + content.value_size);
    if (bpf_map_lookup_elem(fd, key.data(), content.values.data() + end) != 0) {
      content.values.resize(end);
      continue;
    }
    content.keys.insert(content.keys.end(), key.begin(), key.end());
    content.count++;
  }
  return content;
}

}  // namespace aitia
