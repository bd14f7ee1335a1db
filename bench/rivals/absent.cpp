// Stands in for an engine whose headers are not on this machine: used only where its own file is not compiled in.
#include "engine.h"
#include <cstdio>
#include <cstdlib>
static Engine* absent(const char* name) { fprintf(stderr, "%s was not there when this was built\n", name); exit(4); }
__attribute__((weak)) Engine* make_lmdb() { return absent("lmdb"); }
__attribute__((weak)) Engine* make_rocks() { return absent("rocksdb"); }
__attribute__((weak)) Engine* make_sqlite() { return absent("sqlite"); }
