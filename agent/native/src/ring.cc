#include "ring.h"

#include <bpf/bpf.h>
#include <events.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace aitia {
namespace {

// linux/bpf.h: before each record stand its length with these two bits, and four bytes of the kernel's.
constexpr uint32_t kBusy = BPF_RINGBUF_BUSY_BIT;
constexpr uint32_t kDiscarded = BPF_RINGBUF_DISCARD_BIT;
constexpr uint32_t kHeader = BPF_RINGBUF_HDR_SZ;

uint64_t Stride(uint32_t length) { return (static_cast<uint64_t>(length) + kHeader + 7) & ~7ull; }
uint32_t LengthOf(uint32_t header) { return header & ~(kBusy | kDiscarded); }

}  // namespace

uint64_t BootClock() {
  timespec time;
  clock_gettime(CLOCK_BOOTTIME, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000 + time.tv_nsec;
}

Ring::Ring(int fd) {
  bpf_map_info info = {};
  uint32_t info_size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &info_size) != 0 || info.type != BPF_MAP_TYPE_RINGBUF)
    throw std::runtime_error("the map `events` is no ring buffer");
  size_ = info.max_entries;
  page_ = sysconf(_SC_PAGESIZE);
  void* consumer = mmap(nullptr, page_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (consumer == MAP_FAILED) throw std::runtime_error(std::string("cannot map the ring: ") + strerror(errno));
  // The kernel offers the data twice in a row, so that a record that wraps is one piece; each copy counts as memory of
  // ours, so we map one and copy what wraps in two pieces.
  void* producer = mmap(nullptr, page_ + size_, PROT_READ, MAP_SHARED, fd, page_);
  if (producer == MAP_FAILED) {
    const int error = errno;
    munmap(consumer, page_);
    throw std::runtime_error(std::string("cannot map the ring: ") + strerror(error));
  }
  consumer_ = consumer;
  producer_ = producer;
  data_ = static_cast<const uint8_t*>(producer) + page_;
}

Ring::~Ring() {
  munmap(consumer_, page_);
  munmap(producer_, page_ + size_);
}

uint64_t Ring::Produced() const { return __atomic_load_n(static_cast<const uint64_t*>(producer_), __ATOMIC_ACQUIRE); }

uint64_t Ring::Acknowledged() const { return __atomic_load_n(static_cast<uint64_t*>(consumer_), __ATOMIC_ACQUIRE); }

void Ring::Acknowledge(uint64_t position) {
  __atomic_store_n(static_cast<uint64_t*>(consumer_), position, __ATOMIC_RELEASE);
}

uint32_t Ring::HeaderAt(uint64_t position) const {
  return __atomic_load_n(reinterpret_cast<const uint32_t*>(data_ + (position & (size_ - 1))), __ATOMIC_ACQUIRE);
}

// Records begin at multiples of 8 bytes, so that no member of their header wraps.
bool Ring::IsLeftOut(uint64_t position, const LeftOut& left_out) const {
  const auto at = [&](size_t offset) { return data_ + ((position + kHeader + offset) & (size_ - 1)); };
  uint16_t kind;
  uint64_t cgroup_id;
  memcpy(&kind, at(offsetof(aitia_header, kind)), sizeof(kind));
  memcpy(&cgroup_id, at(offsetof(aitia_header, cgroup_id)), sizeof(cgroup_id));
  return left_out.Has(kind, cgroup_id);
}

Extent Ring::Scan(uint64_t position, uint32_t limit, const LeftOut& left_out) const {
  const uint64_t now = BootClock();
  const uint64_t produced = Produced();
  Extent extent = {position, position, 0, 0, 0, 0, false};
  while (extent.end < produced) {
    const uint32_t header = HeaderAt(extent.end);
    if (header & kBusy) return extent;
    if (header & kDiscarded) {
      // nothing
    } else if (IsLeftOut(extent.end, left_out)) {
      extent.left_out++;
    } else {
      if (extent.bytes + LengthOf(header) > limit) {
        extent.more = true;
        return extent;
      }
      extent.records++;
      extent.bytes += LengthOf(header);
    }
    extent.end += Stride(LengthOf(header));
  }
  if (extent.end == produced) extent.complete_ns = now;
  return extent;
}

void Ring::Copy(const Extent& extent, const LeftOut& left_out, uint8_t* target) const {
  for (uint64_t position = extent.begin; position < extent.end;) {
    const uint32_t header = HeaderAt(position);
    const uint32_t length = LengthOf(header);
    if (!(header & kDiscarded) && !IsLeftOut(position, left_out)) {
      const uint64_t start = (position + kHeader) & (size_ - 1);
      const uint64_t whole = std::min<uint64_t>(length, size_ - start);
      memcpy(target, data_ + start, whole);
      memcpy(target + whole, data_, length - whole);
      target += length;
    }
    position += Stride(length);
  }
}

}  // namespace aitia
