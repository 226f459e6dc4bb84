#include "kernel_session.h"

#include <bpf/bpf.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

#include "maps.h"

namespace aitia {
namespace {

constexpr uint32_t kBatchBytes = 256 * 1024;  // more than any record has: its header's size is 16 bits wide
constexpr int kBatchesAtOnce = 16;            // before other work of the JavaScript thread has its turn
// Each batch costs the JavaScript thread some 100 us, however small it is. What is urgent wakes us, and so does much. As long as
// all that comes is left out, we look less and less often: what happens in a pod is followed by more.
constexpr int kPollMs = 100;
constexpr int kSlowestPollMs = 800;

std::string RequireString(const Napi::Value& value, const char* name) {
  if (!value.IsString()) throw Napi::TypeError::New(value.Env(), std::string(name) + " must be a string");
  return value.As<Napi::String>().Utf8Value();
}

std::vector<std::string> RequireStrings(const Napi::Value& value, const char* name) {
  if (!value.IsArray()) throw Napi::TypeError::New(value.Env(), std::string(name) + " must be an array of strings");
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<std::string> strings;
  for (uint32_t i = 0; i < array.Length(); i++) strings.push_back(RequireString(array.Get(i), name));
  return strings;
}

uint64_t RequirePosition(const Napi::Value& value, const char* name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= 9007199254740991.0) || number != static_cast<double>(static_cast<uint64_t>(number)))
    throw Napi::TypeError::New(value.Env(), std::string(name) + " must be a whole number that is not negative");
  return static_cast<uint64_t>(number);
}

Napi::ArrayBuffer ToArrayBuffer(Napi::Env env, const std::vector<uint8_t>& bytes) {
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes.size());
  if (!bytes.empty()) memcpy(buffer.Data(), bytes.data(), bytes.size());
  return buffer;
}

}  // namespace

Napi::Function KernelSession::Define(Napi::Env env) {
  return DefineClass(env, "KernelSession",
                     {
                         InstanceMethod<&KernelSession::Programs>("programs"),
                         InstanceMethod<&KernelSession::RingId>("ringId"),
                         InstanceMethod<&KernelSession::Start>("start"),
                         InstanceMethod<&KernelSession::Acknowledge>("acknowledge"),
                         InstanceMethod<&KernelSession::LeaveOut>("leaveOut"),
                         InstanceMethod<&KernelSession::Heed>("heed"),
                         InstanceMethod<&KernelSession::LeftOutCount>("leftOut"),
                         InstanceMethod<&KernelSession::CompleteNs>("completeNs"),
                         InstanceMethod<&KernelSession::Read>("read"),
                         InstanceMethod<&KernelSession::Call>("call"),
                         InstanceMethod<&KernelSession::CloseFromJs>("close"),
                     });
}

KernelSession::KernelSession(const Napi::CallbackInfo& info) : Napi::ObjectWrap<KernelSession>(info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsObject()) throw Napi::TypeError::New(env, "options must be an object");
  const Napi::Object given = info[0].As<Napi::Object>();
  LoadOptions options;
  options.objects = RequireStrings(given.Get("objects"), "objects");
  options.pin_dir = RequireString(given.Get("pinDir"), "pinDir");
  options.kept_pin_dir = RequireString(given.Get("keptPinDir"), "keptPinDir");
  options.kept_maps = RequireStrings(given.Get("keptMaps"), "keptMaps");
  const uint64_t ring_bytes = RequirePosition(given.Get("ringBytes"), "ringBytes");
  if (ring_bytes > (1u << 30)) throw Napi::RangeError::New(env, "ringBytes must be at most 1 GiB");
  options.ring_bytes = static_cast<uint32_t>(ring_bytes);
  try {
    loaded_ = Load(options);
    const auto events = loaded_.maps.find("events");
    if (events == loaded_.maps.end()) throw std::runtime_error("no object has a map `events`");
    ring_ = std::make_unique<Ring>(events->second.get());
    delivered_ = ring_->Acknowledged();
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, error.what());
  }
}

KernelSession::~KernelSession() { Close(); }

void KernelSession::MustBeOpen(Napi::Env env) const {
  if (closed_) throw Napi::Error::New(env, "the kernel session is closed");
}

Napi::Value KernelSession::Programs(const Napi::CallbackInfo& info) {
  Napi::Array list = Napi::Array::New(info.Env());
  for (const ProgramStatus& status : loaded_.programs) {
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("name", status.name);
    object.Set("section", status.section);
    object.Set("object", status.object);
    object.Set("state", status.state);
    object.Set("reason", status.reason);
    list.Set(list.Length(), object);
  }
  return list;
}

Napi::Value KernelSession::RingId(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  MustBeOpen(env);
  bpf_map_info ring = {};
  uint32_t size = sizeof(ring);
  if (bpf_obj_get_info_by_fd(loaded_.maps["events"].get(), &ring, &size) != 0)
    throw Napi::Error::New(env, std::string("cannot ask for the ring's id: ") + strerror(errno));
  return Napi::Number::New(env, ring.id);
}

// Reads the ring; returns the buffer that holds each batch while its callback runs. One for all: a new one each time
// would be garbage by the megabyte.
Napi::Value KernelSession::Start(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  MustBeOpen(env);
  if (info.Length() < 1 || !info[0].IsFunction()) throw Napi::TypeError::New(env, "onBatch must be a function");
  if (thread_.joinable()) throw Napi::Error::New(env, "the kernel session was started already");
  poll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  wake_ = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  // Edge-triggered: what is read but not acknowledged leaves the ring readable all the time.
  epoll_event ring_event = {EPOLLIN | EPOLLET, {}};
  epoll_event wake_event = {EPOLLIN, {}};
  if (!poll_ || !wake_ || epoll_ctl(poll_.get(), EPOLL_CTL_ADD, loaded_.maps["events"].get(), &ring_event) != 0 ||
      epoll_ctl(poll_.get(), EPOLL_CTL_ADD, wake_.get(), &wake_event) != 0)
    throw Napi::Error::New(env, std::string("cannot wait for the ring: ") + strerror(errno));
  channel_ = Channel::New(env, info[0].As<Napi::Function>(), "aitia kernel ring", 0, 1, this);
  const Napi::ArrayBuffer batch = Napi::ArrayBuffer::New(env, kBatchBytes);
  batch_ = Napi::Persistent(batch);
  // Runs before the channel is torn down with the environment, since hooks run in reverse order.
  env_ = env;
  Ref();  // who reads isn't collected, even if nobody else knows it any more
  napi_add_env_cleanup_hook(env_, CloseAtExit, this);
  try {
    thread_ = std::thread(&KernelSession::WaitLoop, this);
  } catch (const std::system_error& error) {  // no exception of another kind may leave us: it would end Node
    napi_remove_env_cleanup_hook(env_, CloseAtExit, this);
    Unref();
    channel_.Abort();
    throw Napi::Error::New(env, std::string("cannot start the thread that waits for the ring: ") + error.what());
  }
  return batch;
}

void KernelSession::WaitLoop() {
  epoll_event events[2];
  int wait = kPollMs;
  while (!stopping_) {
    const bool pending = ring_->Produced() != delivered_ && Pending();
    if (pending && !called_.exchange(true) && channel_.BlockingCall() != napi_ok) return;
    wait = pending ? kPollMs : std::min(2 * wait, kSlowestPollMs);
    epoll_wait(poll_.get(), events, 2, wait);
  }
}

bool KernelSession::Pending() {
  const std::lock_guard<std::mutex> lock(reading_);
  const Extent extent = ring_->Scan(delivered_, 0, left_out_);
  PassOver(extent);
  return extent.more;
}

void KernelSession::PassOver(const Extent& extent) {
  left_out_count_ += extent.left_out;
  // Scan tells it only where nothing is left beyond the extent.
  complete_ns_ = std::max(complete_ns_, extent.complete_ns);
  if (extent.end == extent.begin) return;
  delivered_ = extent.end;
  if (unacknowledged_.empty())
    ring_->Acknowledge(extent.end);
  else
    unacknowledged_.back().until = extent.end;
}

void KernelSession::Deliver(Napi::Env env, Napi::Function callback, KernelSession* session, void*) {
  if (env == nullptr || session->closed_) return;
  session->called_ = false;
  for (int i = 0; i < kBatchesAtOnce; i++) {
    Napi::ArrayBuffer batch = session->batch_.Value();
    if (batch.ByteLength() < kBatchBytes) return;  // JavaScript gave it away: nothing is delivered any more
    Extent extent = {};
    {
      const std::lock_guard<std::mutex> lock(session->reading_);
      extent = session->ring_->Scan(session->delivered_, kBatchBytes, session->left_out_);
      if (extent.records == 0) {
        session->PassOver(extent);
        return;
      }
      session->ring_->Copy(extent, session->left_out_, static_cast<uint8_t*>(batch.Data()));
      session->left_out_count_ += extent.left_out;
      session->unacknowledged_.push_back({extent.end, extent.end});
      session->delivered_ = extent.end;
      session->complete_ns_ = std::max(session->complete_ns_, extent.complete_ns);
    }
    callback.Call({Napi::Number::New(env, extent.bytes), Napi::Number::New(env, extent.records),
                   Napi::Number::New(env, extent.end)});
    if (session->closed_ || !extent.more) return;
  }
  if (!session->called_.exchange(true)) session->channel_.NonBlockingCall();
}

void KernelSession::Acknowledge(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 1) throw Napi::TypeError::New(env, "end is missing");
  const uint64_t end = RequirePosition(info[0], "end");
  if (closed_) return;  // a batch that was made safe too late: the next run reads it again
  const std::lock_guard<std::mutex> lock(reading_);
  const auto batch = std::find_if(unacknowledged_.begin(), unacknowledged_.end(),
                                  [end](const Batch& each) { return each.end == end; });
  if (batch == unacknowledged_.end())
    throw Napi::RangeError::New(env, "no delivered batch that waits to be acknowledged ends at " + std::to_string(end));
  const uint64_t until = batch->until;
  unacknowledged_.erase(unacknowledged_.begin(), batch + 1);
  ring_->Acknowledge(until);
}

void KernelSession::LeaveOut(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 2) throw Napi::TypeError::New(env, "kind or cgroupId is missing");
  const uint64_t kind = RequirePosition(info[0], "kind");
  const uint64_t cgroup_id = RequirePosition(info[1], "cgroupId");
  if (kind >= LeftOut::kKinds) throw Napi::RangeError::New(env, "kind must be below " + std::to_string(LeftOut::kKinds));
  const std::lock_guard<std::mutex> lock(reading_);
  left_out_.Add(static_cast<uint16_t>(kind), cgroup_id);
}

void KernelSession::Heed(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 1) throw Napi::TypeError::New(env, "cgroupId is missing");
  const uint64_t cgroup_id = RequirePosition(info[0], "cgroupId");
  const std::lock_guard<std::mutex> lock(reading_);
  left_out_.Remove(cgroup_id);
}

Napi::Value KernelSession::LeftOutCount(const Napi::CallbackInfo& info) {
  const std::lock_guard<std::mutex> lock(reading_);
  return Napi::Number::New(info.Env(), static_cast<double>(left_out_count_));
}

// Boot clock: every record made before it was delivered. Who asks does not wait for the thread to look: what is left out is passed
// over here, and what is not is delivered next.
Napi::Value KernelSession::CompleteNs(const Napi::CallbackInfo& info) {
  const uint64_t now = BootClock();
  const bool reading = !closed_ && thread_.joinable();
  if (reading && ring_->Produced() != delivered_ && Pending() && !called_.exchange(true)) channel_.NonBlockingCall();
  const std::lock_guard<std::mutex> lock(reading_);
  if (!closed_ && ring_->Produced() == delivered_) complete_ns_ = now;
  return Napi::Number::New(info.Env(), static_cast<double>(complete_ns_));
}

Napi::Value KernelSession::Read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  MustBeOpen(env);
  const std::string name = RequireString(info[0], "map");
  const auto map = loaded_.maps.find(name);
  if (map == loaded_.maps.end()) throw Napi::RangeError::New(env, "no map is called " + name);
  MapContent content;
  try {
    content = ReadMap(map->second.get());
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, error.what());
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("count", content.count);
  result.Set("keySize", content.key_size);
  result.Set("valueSize", content.value_size);
  result.Set("keys", ToArrayBuffer(env, content.keys));
  result.Set("values", ToArrayBuffer(env, content.values));
  return result;
}

void KernelSession::Call(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  MustBeOpen(env);
  const std::string name = RequireString(info[0], "program");
  const auto program = loaded_.callables.find(name);
  if (program == loaded_.callables.end()) throw Napi::RangeError::New(env, "no program to be called is loaded as " + name);
  LIBBPF_OPTS(bpf_test_run_opts, run);
  if (bpf_prog_test_run_opts(program->second.get(), &run) != 0)
    throw Napi::Error::New(env, "cannot call " + name + ": " + strerror(errno));
}

void KernelSession::CloseFromJs(const Napi::CallbackInfo& info) { Close(); }

void KernelSession::CloseAtExit(void* session) {
  KernelSession* self = static_cast<KernelSession*>(session);
  self->env_ = nullptr;
  self->Close();
}

void KernelSession::Close() {
  if (closed_) return;
  closed_ = true;
  stopping_ = true;
  if (thread_.joinable()) {
    channel_.Abort();  // ends a wait for room in the queue
    const uint64_t one = 1;
    if (write(wake_.get(), &one, sizeof(one)) < 0) return;  // cannot be: the counter is not full
    thread_.join();
    if (env_) {
      napi_remove_env_cleanup_hook(env_, CloseAtExit, this);
      Unref();
    }
  }
  ring_.reset();
  loaded_.maps.clear();
  loaded_.callables.clear();
  loaded_.links.clear();
  loaded_.lock = Fd();
}

}  // namespace aitia
