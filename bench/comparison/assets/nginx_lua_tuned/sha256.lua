-- SHA-256 by the libcrypto that nginx itself is linked with.

local ffi = require("ffi")
ffi.cdef("unsigned char *SHA256(const unsigned char *data, size_t size, unsigned char *digest);")
local digest = ffi.new("unsigned char[32]")

return function(text)
  ffi.C.SHA256(text, #text, digest)
  return ffi.string(digest, 32)
end
