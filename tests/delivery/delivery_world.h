// A spool with configured outputs that are delivered to, and programs to deliver to.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "plugins/delivery/delivery.h"
#include "tests/delivery/spool_world.h"

namespace doorward {

/// A child process, killed with the object.
class Child {
 public:
  /// `output`: its standard output can be read with line().
  explicit Child(const std::vector<std::string>& command) {
    std::array<int, 2> out{};
    if (::pipe(out.data()) != 0) return;
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(out[1]);
    out_ = out[0];
  }
  ~Child() { end(SIGKILL); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The next line of its output, waited for.
  [[nodiscard]] std::string line() const {
    std::string out;
    char c = 0;
    while (::read(out_, &c, 1) == 1 && c != '\n') out += c;
    return out;
  }
  void end(int how) {
    if (pid_ <= 0) return;
    ::kill(pid_, how);
    ::waitpid(pid_, nullptr, 0);
    ::close(out_);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  int out_ = -1;
};

/// Whether a program is there.
inline bool has_program(const std::string& name) {
  for (const char* dir : {"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/", "/usr/local/bin/"}) {
    if (::access((dir + name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

/// Certificates made by openssl: ca.pem, and server.pem/server.key for localhost and 127.0.0.1,
/// other.pem/other.key for elsewhere.example. False when there is no openssl.
inline bool make_certificates(const TemporaryFolder& folder) {
  if (!has_program("openssl")) return false;
  const std::string script =
      "cd " + folder.dir() +
      " && exec >openssl.log 2>&1 &&"
      " openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
      " -subj '/CN=Doorward test CA' -keyout ca.key -out ca.pem && "
      "make() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=$2"
      " -keyout $1.key -out $1.csr && printf 'subjectAltName=%s\\n' $3 >$1.ext &&"
      " openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2"
      " -extfile $1.ext -out $1.pem; } && make server localhost DNS:localhost,IP:127.0.0.1 &&"
      " make other elsewhere.example DNS:elsewhere.example";
  return std::system(script.c_str()) == 0;
}

class DeliveryWorld {
 public:
  /// `toml`: [[output]] tables.
  explicit DeliveryWorld(const std::string& toml) : toml_(toml) {
    env_ = system_delivery_env();
    env_.say = [this](Loudness, std::string_view text) { said.emplace_back(text); };
    options_.backoff = {std::chrono::milliseconds(20), std::chrono::milliseconds(100)};
    options_.tick = std::chrono::milliseconds(50);
    start();
  }
  ~DeliveryWorld() {
    delivery.reset();
    spool.reset();
  }
  DeliveryWorld(const DeliveryWorld&) = delete;
  DeliveryWorld& operator=(const DeliveryWorld&) = delete;

  void start() {
    std::vector<Error> mistakes;
    Result<Params> document = Params::open(toml_, "agent.toml", &mistakes);
    ASSERT_TRUE(document.ok()) << document.error().message();
    std::vector<OutputSettings> outputs = read_outputs(document.value(), mistakes);
    for (const Error& mistake : mistakes) ADD_FAILURE() << mistake.message();
    SpoolOptions options{folder.path("spool"), 64 * kSmallSpool, {}};
    for (const OutputSettings& output : outputs) options.readers.push_back(output.name);
    Result<std::unique_ptr<Spool>> opened = Spool::open(options, env_);
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    spool = std::move(opened).value();
    io.restart();
    delivery = std::make_unique<Delivery>(io, *spool, outputs, env_, options_);
    delivery->start();
  }

  void append(std::uint64_t number, double score = 50, std::string_view extra = {}) {
    const std::string id = "id-" + std::to_string(number);
    const std::string text = R"({"@timestamp":"2026-11-20T08:15:00.123456Z","message":"alert )" +
                             std::to_string(number) + R"(","event":{"id":")" + id +
                             R"(","severity":47},"host":{"name":"db-04"},"extra":")" +
                             std::string(extra) + "\"}";
    ASSERT_EQ(spool->append({DocumentKind::alert, score, id, 1, text}), Spool::Appended::stored);
    delivery->wake();
  }
  void append_many(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t i = first; i <= last; ++i) append(i);
  }

  /// Runs until something holds; false after 20 s.
  bool run_until(const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > until) return false;
      io.run_one_for(std::chrono::milliseconds(10));
    }
    return true;
  }
  bool run_until_delivered(std::size_t output = 0) {
    return run_until([&] { return status(output).behind.behind_records == 0; });
  }
  /// Stops, as the daemon does at its end.
  void stop(std::chrono::milliseconds time) {
    bool stopped = false;
    delivery->stop(time, [&] { stopped = true; });
    EXPECT_TRUE(run_until([&] { return stopped; }));
    delivery.reset();
    spool.reset();
  }
  OutputStatus status(std::size_t output = 0) const { return delivery->status().at(output); }

  TemporaryFolder folder;
  std::vector<std::string> said;
  boost::asio::io_context io;
  std::unique_ptr<Spool> spool;
  std::unique_ptr<Delivery> delivery;

 private:
  std::string toml_;
  DeliveryEnv env_;
  Delivery::Options options_;
};

}  // namespace doorward
