#include "proto/additions_codec.h"
