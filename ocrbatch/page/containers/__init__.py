"""One module a file format: bytes in, pages out; each checks that its file is whole before it decodes."""
