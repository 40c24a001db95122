// SPDX-License-Identifier: MIT
// Files are replaced whole, with nothing else touched: links, permissions, devices, threads, killed processes. And what
// readers say when memory does not suffice.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "examples/support/png.h"
#include "examples/support/table.h"
#include "nn/file.h"
#include "nn/npy.h"
#include "nn/safetensors.h"
#include "tensor/ops.h"
#include "tensor/storage.h"
#include "tests/examples/support_common.h"

using namespace hourglass;
using examples::contains;
using examples::TemporaryFolder;
using nn::NewFile;
using nn::read_file;
namespace fs = std::filesystem;

namespace {

void replace_file(const fs::path& path, const std::string& content) {
  NewFile file(path);
  file.write(content);
  file.commit();
}
std::vector<std::string> names_in(const TemporaryFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path())) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}
int mode_of(const fs::path& path) {
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  return static_cast<int>(about.st_mode & 07777);
}

#if !defined(HOURGLASS_SANITIZED)
// Leaves the process little more memory than it has, while the object lives.
class LittleMemory {
 public:
  LittleMemory() {
    memory::trim();
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    ::getrlimit(RLIMIT_AS, &before_);
    const ::rlimit tight{pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (rlim_t{24} << 20), before_.rlim_max};
    ::setrlimit(RLIMIT_AS, &tight);
  }
  LittleMemory(const LittleMemory&) = delete;
  LittleMemory& operator=(const LittleMemory&) = delete;
  ~LittleMemory() { ::setrlimit(RLIMIT_AS, &before_); }

 private:
  ::rlimit before_{};
};
#endif

}  // namespace

TEST_CASE("a link is followed: what it leads to is written, and the link stays") {
  const TemporaryFolder folder;
  fs::create_directory(folder / "there");
  examples::write(folder / "there/file", "old");
  fs::create_symlink("there/file", folder / "link");
  fs::create_symlink(folder / "link", folder / "second");
  replace_file(folder / "second", "new");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(fs::is_symlink(folder / "second"));
  CHECK_FALSE(fs::is_symlink(folder / "there/file"));
  CHECK(read_file(folder / "there/file") == "new");

  fs::create_symlink("there/not yet", folder / "ahead");
  replace_file(folder / "ahead", "first");
  CHECK(read_file(folder / "there/not yet") == "first");
  CHECK(fs::is_symlink(folder / "ahead"));

  fs::create_symlink("circle", folder / "circle");
  CHECK(contains(error_of([&] { replace_file(folder / "circle", "x"); }), "circle: cannot be created: "));
  CHECK(names_in(folder) == std::vector<std::string>{"ahead", "circle", "link", "second", "there"});
}

TEST_CASE("the temporary file has another name each time, and a file or link that is there already stays as it is") {
  const TemporaryFolder folder;
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) {
    const NewFile file(folder / "x");
    const auto now = names_in(folder);
    REQUIRE(now.size() == 1);
    CHECK(now[0].size() == 31);
    names.push_back(now[0]);
  }
  std::sort(names.begin(), names.end());
  CHECK(std::unique(names.begin(), names.end()) == names.end());
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("devices, pipes and folders are not replaced") {
  const TemporaryFolder folder;
  CHECK(error_of([] { replace_file("/dev/null", "x"); }) == "/dev/null: is a device or a pipe, not a file");
  CHECK(fs::is_character_file("/dev/null"));
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  fs::create_symlink("pipe", folder / "link");
  for (const char* name : {"pipe", "link"})
    CHECK(contains(error_of([&] { replace_file(folder / name, "x"); }), "is a device or a pipe, not a file"));
  CHECK(fs::is_fifo(folder / "pipe"));
  CHECK(contains(error_of([&] { replace_file(folder.path(), "x"); }), "is a folder, not a file"));
  CHECK(contains(error_of([&] { nn::save_npy("/dev/full", ones({1})); }), "/dev/full: is a device"));
}

TEST_CASE("a file keeps its permissions, and a new one has those that the user wants") {
  const TemporaryFolder folder;
  const ::mode_t usual = ::umask(027);
  replace_file(folder / "x", "1");
  CHECK(mode_of(folder / "x") == 0640);
  for (const int mode : {0600, 0644, 0666, 0755, 0200}) {
    CAPTURE(mode);
    ::chmod((folder / "x").c_str(), static_cast<::mode_t>(mode));
    replace_file(folder / "x", "2");
    CHECK(mode_of(folder / "x") == mode);
  }
  ::umask(usual);
  ::chmod((folder / "x").c_str(), 0400);
  if (::geteuid() == 0) {  // root may write anything, and gives a file back to its owner
    REQUIRE(::chown((folder / "x").c_str(), 1234, 4321) == 0);
    replace_file(folder / "x", "3");
    struct stat about {};
    ::stat((folder / "x").c_str(), &about);
    CHECK(about.st_uid == 1234);
    CHECK(about.st_gid == 4321);
  } else {
    CHECK(contains(error_of([&] { replace_file(folder / "x", "3"); }), "x: cannot be replaced: Permission denied"));
  }
  CHECK(mode_of(folder / "x") == 0400);
}

TEST_CASE("threads that write to one path do not disturb each other: the file is always one of theirs") {
  const TemporaryFolder folder;
  replace_file(folder / "x", std::string(10000, 'a'));
  std::atomic<bool> mixed = false, failed = false;
  std::vector<std::thread> writers;
  for (char letter = 'a'; letter < 'e'; ++letter)
    writers.emplace_back([&, letter] {
      try {
        for (int i = 0; i < 10; ++i) {
          replace_file(folder / "x", std::string(10000, letter));
          const std::string found = read_file(folder / "x");
          mixed = mixed || found != std::string(10000, found[0]);
          nn::remove_unfinished(folder.path());
        }
      } catch (const Error&) {
        failed = true;
      }
    });
  for (std::thread& writer : writers) writer.join();
  CHECK_FALSE(mixed);
  CHECK_FALSE(failed);
  CHECK(names_in(folder) == std::vector<std::string>{"x"});
}

TEST_CASE("unfinished files of a killed process are removed, and no other files") {
  const TemporaryFolder folder;
  const std::vector<std::string> kept{"12.tmp",         "a.b.tmp",  "last.safetensors", "last.safetensors.123.tmp",
                                      "notes.2024.tmp", "notes.tmp"};
  for (const std::string& name : kept) examples::write(folder / name, "x");
  const ::pid_t child = ::fork();
  if (child == 0) {
    NewFile file(folder / "last.safetensors");
    file.write("half");
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  CHECK(names_in(folder).size() == kept.size() + 1);
  NewFile living(folder / "last.safetensors");
  living.write("whole");
  CHECK(names_in(folder).size() == kept.size() + 2);
  nn::remove_unfinished(folder.path());
  CHECK(names_in(folder).size() == kept.size() + 1);
  living.commit();
  CHECK(names_in(folder) == kept);
  CHECK(read_file(folder / "last.safetensors") == "whole");
  nn::remove_unfinished(folder / "none");
}

TEST_CASE("files and pipes are read; folders and devices are errors") {
  const TemporaryFolder folder;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "abc", 3) == 3);
  ::close(ends[1]);
  CHECK(read_file("/dev/fd/" + std::to_string(ends[0])) == "abc");
  ::close(ends[0]);
  CHECK(read_file(examples::write(folder / "empty", "")).empty());
  CHECK(error_of([] { read_file("/dev/zero"); }) == "/dev/zero: is a device, not a file");
  CHECK(contains(error_of([&] { read_file(folder.path()); }), "is a folder, not a file"));
  CHECK(contains(error_of([&] { read_file(folder / "none"); }), "none: cannot be opened: No such file"));
}

#if !defined(HOURGLASS_SANITIZED)
TEST_CASE("too little memory is an error that says so, and does not call a file damaged") {
  const TemporaryFolder folder;
  constexpr int kSide = 8192;  // 64 MiB
  nn::save_npz(folder / "x.npz", {{"a", zeros({kSide, kSide}, Dtype::u8)}}, {.compressed = true});
  nn::save_npy(folder / "x.npy", zeros({kSide, kSide}, Dtype::u8));
  nn::save_safetensors(folder / "x.safetensors", {{"a", zeros({kSide, kSide}, Dtype::u8)}});
  examples::write_png(folder / "x.png", {kSide, kSide, 1, std::vector<std::uint8_t>(std::size_t{kSide} * kSide)});
  fs::copy_file(folder / "x.npy", folder / "x.csv");
  const auto errors = [&] {
    return std::vector<std::string>{error_of([&] { nn::load_npz(folder / "x.npz"); }),
                                    error_of([&] { nn::load_npy(folder / "x.npy"); }),
                                    error_of([&] { nn::load_safetensors(folder / "x.safetensors"); }),
                                    error_of([&] { examples::read_png(folder / "x.png"); }),
                                    error_of([&] { examples::read_table(folder / "x.csv"); })};
  };
  std::vector<std::string> tight;
  {
    const LittleMemory little;
    tight = errors();
  }
  for (const std::string& error : tight) {
    CAPTURE(error);
    CHECK(contains(error, folder.path().string()));
    CHECK(contains(error, "out of memory"));
  }
  const auto enough = errors();
  for (std::size_t i = 0; i < 4; ++i) CHECK(enough[i] == "no error");
}
#endif
