// Whole files at once, read and written so that nobody ever sees half of one.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace hourglass::examples {

/// The file's bytes. Missing, unreadable or a directory: an Error that says which.
std::string read_file(const std::filesystem::path& path);

/// Writes a temporary file beside path, makes sure it is on disk, and renames it: after a crash or on a full disk, path
/// has its old content or the new, never a part. Makes the folder if need be.
void write_file(const std::filesystem::path& path, std::string_view content);

/// Makes the folder (and those above it) unless it is there. One that cannot be written to is an Error.
void make_folder(const std::filesystem::path& path);

}  // namespace hourglass::examples
