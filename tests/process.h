// SPDX-License-Identifier: MIT
// The example programs, as processes of their own.
#pragma once
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tensor/error.h"
#include "tests/paths.h"

extern char** environ;

namespace hourglass::examples {

/// An example program that runs; its output goes to a file.
class Process {
 public:
  Process(const std::string& program, std::vector<std::string> arguments, const std::filesystem::path& log) {
    const std::string path = test::example_program(program);
    arguments.insert(arguments.begin(), path);
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    ::posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
    const int error = ::posix_spawn(&id_, path.c_str(), &actions, nullptr, words.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    check(error == 0, path, "cannot be started");
  }
  void signal(int signal) const { ::kill(id_, signal); }
  /// The exit code, or 128 + the signal that ended it.
  int wait() const {
    int status = 0;
    ::waitpid(id_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  ::pid_t id_ = 0;
};

}  // namespace hourglass::examples
