// The border: checks types. Meaning is checked in native.ts.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <time.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "fd.h"
#include "kernel_session.h"
#include "layout.h"

namespace {

// Mounts a BPF file system at a folder.
void MountBpffs(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsString()) throw Napi::TypeError::New(info.Env(), "path must be a string");
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  if (mount("bpf", path.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0)
    throw Napi::Error::New(info.Env(), "cannot mount bpffs at " + path + ": " + strerror(errno));
}

// Whether an agent holds the lock of a folder that it pins in (see loader.cc).
Napi::Value IsLocked(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsString()) throw Napi::TypeError::New(info.Env(), "path must be a string");
  const aitia::Fd fd(open(info[0].As<Napi::String>().Utf8Value().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw Napi::Error::New(info.Env(), std::string("cannot open the folder: ") + strerror(errno));
  const bool locked = flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  return Napi::Boolean::New(info.Env(), locked);
}

// What a BPF object says of its records' layout, as an object of strings.
Napi::Value ReadLayout(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsString()) throw Napi::TypeError::New(info.Env(), "path must be a string");
  Napi::Object layout = Napi::Object::New(info.Env());
  try {
    for (const auto& [name, value] : aitia::ReadLayout(info[0].As<Napi::String>().Utf8Value())) layout.Set(name, value);
  } catch (const std::runtime_error& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
  return layout;
}

int64_t Nanoseconds(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000000000 + time.tv_nsec;
}

// [boot clock in ns, wall clock - boot clock in µs, error of that in µs]: the closest of five readings.
Napi::Value SampleClock(const Napi::CallbackInfo& info) {
  int64_t best_width = INT64_MAX, boot = 0, offset = 0;
  for (int i = 0; i < 5; i++) {
    const int64_t before = Nanoseconds(CLOCK_BOOTTIME);
    const int64_t wall = Nanoseconds(CLOCK_REALTIME);
    const int64_t width = Nanoseconds(CLOCK_BOOTTIME) - before;
    if (width >= best_width) continue;
    best_width = width;
    boot = before + width / 2;
    offset = wall - boot;
  }
  Napi::Array sample = Napi::Array::New(info.Env(), 3);
  sample.Set(0u, Napi::Number::New(info.Env(), static_cast<double>(boot)));
  sample.Set(1u, Napi::Number::New(info.Env(), static_cast<double>(offset / 1000)));
  sample.Set(2u, Napi::Number::New(info.Env(), static_cast<double>(best_width / 2000 + 1)));
  return sample;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("KernelSession", aitia::KernelSession::Define(env));
  exports.Set("mountBpffs", Napi::Function::New(env, MountBpffs));
  exports.Set("isLocked", Napi::Function::New(env, IsLocked));
  exports.Set("readLayout", Napi::Function::New(env, ReadLayout));
  exports.Set("sampleClock", Napi::Function::New(env, SampleClock));
  return exports;
}

}  // namespace

NODE_API_MODULE(aitia_native, Init)
