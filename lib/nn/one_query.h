// Attention of one new token to those before it: what decoding token by token spends its time on.
#pragma once
#include "base/types.h"

namespace couplet {

/// softmax(q k^T) v of the query of one token. q: (rows, heads, head), already scaled; k, v: (rows,
/// heads, tokens, head), the first tokens of caches. Returns (rows, heads, head), which has no
/// gradient. On a CPU in fp32, loops of its own over the caches; else LibTorch's products.
Tensor attention_of_one(const Tensor& q, const Tensor& k, const Tensor& v);

}  // namespace couplet
