// Reads a BPF ring buffer through its own mapping. libbpf's reader frees each record when its callback returns; here a
// record stays in the ring until it is acknowledged, so that whoever comes after a crash reads it again.
#pragma once

#include <cstddef>
#include <cstdint>

#include "left_out.h"

namespace aitia {

// Records [begin, end) of the ring, by positions that only grow.
struct Extent {
  uint64_t begin;
  uint64_t end;
  uint32_t records;
  uint32_t bytes;        // of the records without the ring's own headers
  uint32_t left_out;     // records that are neither counted in these two nor copied
  uint64_t complete_ns;  // boot clock: every record made before it is in this extent or an earlier one; 0: not known
  bool more;             // there is more, beyond the limit
};

class Ring {
 public:
  explicit Ring(int fd);  // throws std::runtime_error
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // The position up to which room was taken for records, finished or not.
  uint64_t Produced() const;
  // The position up to which everything was acknowledged.
  uint64_t Acknowledged() const;
  void Acknowledge(uint64_t position);
  // What is finished from `position` on, up to `limit` bytes of records that are not left out.
  Extent Scan(uint64_t position, uint32_t limit, const LeftOut& left_out) const;
  // Copies an extent's records one behind the other, as it was scanned.
  void Copy(const Extent& extent, const LeftOut& left_out, uint8_t* target) const;

 private:
  uint32_t HeaderAt(uint64_t position) const;
  bool IsLeftOut(uint64_t position, const LeftOut& left_out) const;

  size_t size_ = 0;
  size_t page_ = 0;
  void* consumer_ = nullptr;
  void* producer_ = nullptr;
  const uint8_t* data_ = nullptr;
};

uint64_t BootClock();

}  // namespace aitia
