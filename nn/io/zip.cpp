// SPDX-License-Identifier: MIT
#include "nn/io/zip.h"

#include <algorithm>
#include <array>
#include <new>

#include <zlib.h>

#include "nn/io/inflate.h"
#include "nn/io/limits.h"

namespace hourglass::nn {
namespace {

using namespace std::string_view_literals;

// The signatures at the start of records.
constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                        kLocator64 = 0x07064b50;
// This value in a 32-bit field means that the number is in a 64-bit field.
constexpr std::uint32_t kIn64 = 0xffffffff;

std::uint32_t crc_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// Whether a program that unpacks the archive writes an entry of this name into its own folder.
bool stays_in_folder(std::string_view name) {
  return !name.empty() && name.find_first_of("\\\0"sv) == std::string_view::npos && !name.starts_with('/') &&
         name != ".." && !name.starts_with("../") && !name.ends_with("/..") &&
         name.find("/../") == std::string_view::npos;
}

// ---- reading

struct Directory {
  std::uint64_t entries, begin, bytes;
};

Directory find_directory(Bytes& zip) {
  // Only a comment of up to 65535 bytes may follow the end record.
  const std::string_view all = zip.all();
  constexpr std::uint64_t kEndSize = 22;
  if (all.size() < kEndSize) zip.fault(all.size(), "the file is too short for a zip archive");
  std::uint64_t at = all.size() - kEndSize;
  const std::uint64_t lowest = at > 65535 ? at - 65535 : 0;
  while (all.substr(at, 4) != "PK\5\6"sv && at > lowest) --at;
  zip.seek(at, "the end record");
  if (zip.number<std::uint32_t>("the end record") != kEnd)
    zip.fault(all.size(), "this is not a zip archive, or it is cut off");
  zip.take(4, "disk numbers");
  zip.number<std::uint16_t>("entries");
  Directory directory{zip.number<std::uint16_t>("entries"), 0, 0};
  directory.bytes = zip.number<std::uint32_t>("the directory's size");
  directory.begin = zip.number<std::uint32_t>("the directory's place");
  constexpr std::uint64_t kLocatorSize = 20;
  if (at >= kLocatorSize) {
    zip.seek(at - kLocatorSize, "the 64-bit locator");
    if (zip.number<std::uint32_t>("the 64-bit locator") == kLocator64) {
      zip.take(4, "disk numbers");
      zip.seek(zip.number<std::uint64_t>("the 64-bit end record's place"), "the 64-bit end record");
      const std::uint64_t end64 = zip.at();
      if (zip.number<std::uint32_t>("the 64-bit end record") != kEnd64)
        zip.fault(end64, "expected the 64-bit end record");
      zip.take(8 + 2 + 2 + 4 + 4 + 8, "the 64-bit end record");
      directory.entries = zip.number<std::uint64_t>("entries");
      directory.bytes = zip.number<std::uint64_t>("the directory's size");
      directory.begin = zip.number<std::uint64_t>("the directory's place");
    }
  }
  return directory;
}

ZipEntry read_entry(Bytes& zip) {
  const std::uint64_t at = zip.at();
  if (zip.number<std::uint32_t>("a directory entry") != kCentral)
    zip.fault(at, "expected an entry of the zip directory");
  ZipEntry entry;
  zip.take(4, "versions");
  const auto flags = zip.number<std::uint16_t>("flags");
  entry.method = zip.number<std::uint16_t>("the method");
  zip.take(4, "the time");
  entry.crc = zip.number<std::uint32_t>("the checksum");
  entry.packed = zip.number<std::uint32_t>("the packed size");
  entry.size = zip.number<std::uint32_t>("the size");
  const auto name = zip.number<std::uint16_t>("a length"), extra = zip.number<std::uint16_t>("a length"),
             comment = zip.number<std::uint16_t>("a length");
  zip.take(8, "attributes");
  entry.local = zip.number<std::uint32_t>("the place");
  entry.name = zip.take(name, "the name");
  if (!stays_in_folder(entry.name)) zip.fault(at, "'", one_line(entry.name), "' leads out of the archive's folder");
  if ((flags & 1) != 0) zip.fault(at, one_line(entry.name), " is encrypted");
  if (entry.method != 0 && entry.method != 8)
    zip.fault(at, one_line(entry.name), " is packed by method ", entry.method, "; 0 and 8 are supported");

  const std::uint64_t extra_end = zip.at() + extra;
  while (zip.at() + 4 <= extra_end) {
    const auto id = zip.number<std::uint16_t>("an extra field"), size = zip.number<std::uint16_t>("an extra field");
    const std::uint64_t next = zip.at() + size;
    if (next > extra_end) zip.fault(zip.at(), "an extra field is longer than the space for extra fields");
    if (id == 1)  // 64-bit values of the fields that are kIn64
      for (std::uint64_t* field : {&entry.size, &entry.packed, &entry.local})
        if (*field == kIn64 && zip.at() + 8 <= next) *field = zip.number<std::uint64_t>("a 64-bit size");
    zip.seek(next, "the next extra field");
  }
  zip.seek(extra_end, "the comment");
  zip.take(comment, "the comment");
  return entry;
}

// The bytes of an entry as they are in the archive.
std::string_view packed_bytes(Bytes zip, const ZipEntry& entry) {
  const std::string shown = join(one_line(entry.name));
  zip.seek(entry.local, shown);
  const std::uint64_t at = zip.at();
  if (zip.number<std::uint32_t>("a local header") != kLocal) zip.fault(at, "expected the header of ", shown);
  zip.take(22, "a local header");
  const auto name = zip.number<std::uint16_t>("a length"), extra = zip.number<std::uint16_t>("a length");
  if (zip.take(name, "a local header") != entry.name)
    zip.fault(at, "the entry has another name here than in the directory, where it is ", shown);
  zip.take(extra, "a local header");
  return zip.take(entry.packed, shown);
}

std::string unpack_entry(const Bytes& zip, const ZipEntry& entry) {
  const std::string_view packed = packed_bytes(zip, entry);
  const auto data = static_cast<std::uint64_t>(packed.data() - zip.all().data());
  if (entry.method == 0) {
    if (entry.size != entry.packed) zip.fault(data, one_line(entry.name), " is stored as it is, but its sizes differ");
    return std::string(packed);
  }
  // A damaged size must not claim all memory.
  if (entry.size / kMostPerDeflatedByte > entry.packed)
    zip.fault(data, one_line(entry.name), " cannot be ", entry.size, " bytes in ", entry.packed);
  std::string content(entry.size, '\0');
  Inflater inflater(packed, Inflater::Format::deflate);
  const std::uint64_t got = inflater.read(content.data(), content.size());
  char beyond = 0;
  const bool longer = inflater.read(&beyond, 1) > 0;
  if (got != content.size() || longer || !inflater.ended() || inflater.consumed() != packed.size())
    zip.fault(data + inflater.consumed(), one_line(entry.name), " is damaged, or its size is wrong");
  return content;
}

// Entries that share bytes could unpack to much more than the file holds (a zip bomb).
void check_apart(const Bytes& zip, const std::vector<ZipEntry>& entries) {
  std::vector<const ZipEntry*> in_order;
  for (const ZipEntry& entry : entries) in_order.push_back(&entry);
  std::sort(in_order.begin(), in_order.end(), [](const ZipEntry* a, const ZipEntry* b) { return a->local < b->local; });
  constexpr std::uint64_t kLocalSize = 30;
  std::uint64_t end = 0;
  for (const ZipEntry* entry : in_order) {
    if (entry->local < end) zip.fault(entry->local, one_line(entry->name), " overlaps the entry before it");
    const std::uint64_t header = kLocalSize + entry->name.size();
    if (__builtin_add_overflow(entry->local, header, &end) || __builtin_add_overflow(end, entry->packed, &end) ||
        end > zip.all().size())
      zip.fault(zip.all().size(), "the file ends here, but ", one_line(entry->name), " goes on");
  }
}

// ---- writing

std::string pack(std::string_view bytes) {
  z_stream stream{};
  const int started = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  if (started == Z_MEM_ERROR) throw std::bad_alloc();
  check(started == Z_OK, "zip", "zlib cannot start");
  std::string packed;
  std::array<char, 1 << 16> buffer;
  std::uint64_t in = 0;
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    const auto part = static_cast<uInt>(std::min<std::uint64_t>(bytes.size() - in, 1u << 30));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data())) + in;
    stream.avail_in = part;
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = buffer.size();
    status = deflate(&stream, in + part == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    in += part - stream.avail_in;
    packed.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  return packed;
}

// Little-endian numbers, one after another.
template <class... Numbers>
std::string record(Numbers... numbers) {
  std::string bytes;
  (bytes.append(reinterpret_cast<const char*>(&numbers), sizeof numbers), ...);
  return bytes;
}

// The fields that the local header and the directory share. The time is the earliest that zip can
// express, so equal entries give equal files. 0x800 says that names are UTF-8.
std::string common_record(const ZipEntry& entry, std::uint16_t extra) {
  return record(std::uint16_t{45}, std::uint16_t{0x800}, entry.method, std::uint16_t{0}, std::uint16_t{0x21}, entry.crc,
                kIn64, kIn64, static_cast<std::uint16_t>(entry.name.size()), extra);
}

}  // namespace

ZipReader::ZipReader(std::string_view bytes, std::string_view name) : bytes_(bytes, name) {
  const Directory directory = find_directory(bytes_);
  if (directory.begin > bytes.size() || directory.bytes > bytes.size() - directory.begin)
    bytes_.fault(bytes.size(), "the file ends here, but its directory should lie at ", directory.begin, " and be ",
                 directory.bytes, " bytes long");
  bytes_.seek(directory.begin, "the directory");
  std::unordered_set<std::string_view> names;
  UnpackBudget budget(name, bytes.size());
  for (std::uint64_t i = 0; i < directory.entries; ++i) entries_.push_back(read_entry(bytes_));
  for (const ZipEntry& entry : entries_) {
    if (!names.insert(entry.name).second) fault(entry, " comes twice");
    budget.take(entry.size);
  }
  check_apart(bytes_, entries_);
}

std::string ZipReader::read(const ZipEntry& entry) const {
  std::string content = unpack_entry(bytes_, entry);
  if (crc_of(content) != entry.crc) fault(entry, " is damaged: its checksum does not agree");
  return content;
}

void ZipReader::fault(const ZipEntry& entry, std::string_view what) const {
  bytes_.fault(entry.local, one_line(entry.name), what);
}

void ZipWriter::write(std::string_view bytes) {
  file_.write(bytes);
  at_ += bytes.size();
}

void ZipWriter::add(const std::string& name, std::string_view content, bool compressed) {
  check(stays_in_folder(name), path_, "the name '", one_line(name), "' leads out of the archive's folder");
  check(name.size() <= UINT16_MAX, path_, "the name '", one_line(name), "' is longer than ", UINT16_MAX, " bytes");
  check(names_.insert(name).second, path_, "the name '", one_line(name), "' is taken");
  const std::string deflated = compressed ? pack(content) : "";
  const std::string_view packed = compressed ? std::string_view(deflated) : content;
  const ZipEntry entry{.name = name,
                       .method = static_cast<std::uint16_t>(compressed ? 8 : 0),
                       .crc = crc_of(content),
                       .packed = packed.size(),
                       .size = content.size(),
                       .local = at_};
  constexpr std::uint16_t kId = 1, kTwo = 16, kThree = 24;  // the extra field of 64-bit numbers, and its lengths
  directory_ += record(kCentral, std::uint16_t{45}) + common_record(entry, kThree + 4) +
                record(std::uint16_t{0}, std::uint16_t{0}, std::uint16_t{0}, std::uint32_t{0}, kIn64) + entry.name +
                record(kId, kThree, entry.size, entry.packed, entry.local);
  ++count_;
  write(record(kLocal) + common_record(entry, kTwo + 4) + entry.name + record(kId, kTwo, entry.size, entry.packed));
  write(packed);
}

void ZipWriter::commit() {
  const std::uint64_t begin = at_, bytes = directory_.size();
  write(directory_);
  const std::uint64_t end64 = at_;
  write(record(kEnd64, std::uint64_t{44}, std::uint16_t{45}, std::uint16_t{45}, std::uint32_t{0}, std::uint32_t{0},
               count_, count_, bytes, begin));
  write(record(kLocator64, std::uint32_t{0}, end64, std::uint32_t{1}));
  write(record(kEnd, std::uint16_t{0}, std::uint16_t{0}, std::uint16_t{0xffff}, std::uint16_t{0xffff}, kIn64, kIn64,
               std::uint16_t{0}));
  file_.commit();
}

}  // namespace hourglass::nn
