// SPDX-License-Identifier: MIT
#include "nn/io/inflate.h"

#include <algorithm>
#include <new>

#include <zlib.h>

#include "tensor/error.h"

namespace hourglass::nn {

Inflater::Inflater(std::string_view packed, Format format)
    : packed_(packed), format_(format), zlib_(std::make_unique<z_stream>()) {
  const int bits = format == Format::gzip ? MAX_WBITS + 16 : -MAX_WBITS;  // zlib's codes for the two formats
  const int status = inflateInit2(zlib_.get(), bits);
  if (status == Z_MEM_ERROR) throw std::bad_alloc();
  check(status == Z_OK, "inflate", "zlib cannot start");
}

Inflater::~Inflater() { inflateEnd(zlib_.get()); }

std::uint64_t Inflater::read(void* to, std::uint64_t count) {
  constexpr std::uint64_t kMost = 1u << 30;  // zlib counts in 32 bits
  std::uint64_t got = 0;
  while (got < count && !ended_ && damage_.empty()) {
    const auto available = static_cast<uInt>(std::min(packed_.size() - consumed_, kMost));
    const auto room = static_cast<uInt>(std::min(count - got, kMost));
    zlib_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed_.data())) + consumed_;
    zlib_->avail_in = available;
    zlib_->next_out = static_cast<Bytef*>(to) + got;
    zlib_->avail_out = room;
    const int status = inflate(zlib_.get(), Z_NO_FLUSH);
    const bool progress = zlib_->avail_out < room;
    consumed_ += available - zlib_->avail_in;
    got += room - zlib_->avail_out;
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status == Z_STREAM_END) end_member();
    else if (status == Z_BUF_ERROR && !progress && consumed_ == packed_.size()) damage_ = "it is cut off";
    else if (status != Z_OK && status != Z_BUF_ERROR) damage_ = zlib_->msg ? zlib_->msg : zError(status);
  }
  return got;
}

void Inflater::end_member() {
  if (format_ == Format::deflate || consumed_ == packed_.size()) ended_ = true;
  else if (packed_.substr(consumed_).starts_with("\x1f\x8b")) inflateReset(zlib_.get());
  else damage_ = "there are other bytes behind it";
}

}  // namespace hourglass::nn
