// One set of loaded programs and the thread that reads their ring, as an object of JavaScript.
#pragma once

#include <napi.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "left_out.h"
#include "loader.h"
#include "ring.h"

namespace aitia {

class KernelSession : public Napi::ObjectWrap<KernelSession> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit KernelSession(const Napi::CallbackInfo& info);
  ~KernelSession() override;

 private:
  Napi::Value Programs(const Napi::CallbackInfo& info);
  Napi::Value RingId(const Napi::CallbackInfo& info);
  Napi::Value Start(const Napi::CallbackInfo& info);
  void Acknowledge(const Napi::CallbackInfo& info);
  void LeaveOut(const Napi::CallbackInfo& info);
  void Heed(const Napi::CallbackInfo& info);
  Napi::Value LeftOutCount(const Napi::CallbackInfo& info);
  Napi::Value CompleteNs(const Napi::CallbackInfo& info);
  Napi::Value Read(const Napi::CallbackInfo& info);
  void Call(const Napi::CallbackInfo& info);
  void CloseFromJs(const Napi::CallbackInfo& info);

  // On the JavaScript thread: reads what the ring holds and hands it on.
  static void Deliver(Napi::Env env, Napi::Function callback, KernelSession* session, void*);
  using Channel = Napi::TypedThreadSafeFunction<KernelSession, void, Deliver>;

  // The thread waits, and passes over what is left out: who reads the records is the one who decodes them, so that they pass
  // one CPU's cache.
  void WaitLoop();
  // Passes over what is left out; whether something is there to be delivered.
  bool Pending();
  // With reading_ held: what was scanned needs no acknowledgement of its own.
  void PassOver(const Extent& extent);
  void Close();
  static void CloseAtExit(void* session);
  void MustBeOpen(Napi::Env env) const;

  Loaded loaded_;
  std::unique_ptr<Ring> ring_;
  Fd poll_;
  Fd wake_;  // an eventfd that ends the thread's wait
  Channel channel_;
  Napi::Reference<Napi::ArrayBuffer> batch_;  // what every batch is copied to
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> called_{false};  // JavaScript was told to read and has not begun
  std::atomic<uint64_t> delivered_{0};
  // A batch that was delivered: by `end` JavaScript names it, up to `until` the ring is free with it.
  struct Batch {
    uint64_t end;
    uint64_t until;
  };
  std::mutex reading_;  // for the next four and for moving delivered_
  std::deque<Batch> unacknowledged_;
  LeftOut left_out_;
  uint64_t left_out_count_ = 0;
  uint64_t complete_ns_ = 0;
  // Of the JavaScript thread alone.
  bool closed_ = false;
  napi_env env_ = nullptr;
};

}  // namespace aitia
