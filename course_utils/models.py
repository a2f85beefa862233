"""Whole models, made of blocks. The mixer is an argument; the model never asks which it holds."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_utils.blocks import Block, DecoderBlock, FeedForward, Norm, NormLayer
from course_utils.mixers import Attention
from course_utils.positions import NoPositions, SinusoidalPositions
from course_utils.shapes import expect_at_least, expect_mask

# (d_model, d_ff, activation=…, dropout=…) -> what each token thinks with, as `FeedForward` does.
FeedForwardLayer = Callable[..., nn.Module]


class Cache:
    """What a model remembers of the tokens it has read: how many, and each layer's own memory."""

    def __init__(self, layers: Iterable[Any]):
        self.n = 0
        self.layers = list(layers)

    def reorder(self, rows: Int[Tensor, "rows"]) -> None:
        """Row i goes on from what row rows[i] has read.

        Rows that listen to a source (`GivenSource`) change places only with rows of that source.
        """
        for layer in self.layers:
            if layer is not None:
                layer.reorder(rows)


class Embedding(nn.Module):
    """From token ids to vectors that know what they are and where they stand.

    `positions` is a module that adds places to vectors (see `course_utils.positions`; None, or
    `nn.Identity()`, for no places). `scale` multiplies the token vectors before that: √d_model in
    Vaswani et al. 2017, section 3.4; 1 in BERT. `norm` comes after that: BERT has a LayerNorm here.
    `projection` is applied last: FNet has a linear layer here.
    """

    def __init__(
        self,
        vocab_size: int,
        d_model: int,
        positions: nn.Module | None,
        *,
        scale: float = 1.0,
        norm: nn.Module | None = None,
        projection: nn.Module | None = None,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, d_model)
        nowhere = positions is None or isinstance(positions, nn.Identity)
        self.positions = NoPositions() if nowhere else positions
        self.scale = scale
        self.norm = norm if norm is not None else nn.Identity()
        self.projection = projection if projection is not None else nn.Identity()
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, ids: Int[Tensor, "batch n"], start: int = 0
    ) -> Float[Tensor, "batch n d_model"]:
        """`start` is the position of the first token in `ids`."""
        x = self.tokens(ids) * self.scale
        x = self.positions(x, start) if start else self.positions(x)
        return self.dropout(self.projection(self.norm(x)))

    def logits(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch vocab_size"]:
        """The table read backwards: how much each vector points the way of each token's.

        A model that ends so has its output matrix *tied* to its embedding: one parameter, two uses
        (Press and Wolf 2017; Vaswani et al. 2017, section 3.4).
        """
        return F.linear(x, self.tokens.weight)


class _Stack(nn.Module):
    """Blocks one on top of the other: what `Encoder` and `Decoder` share.

    `block` is called with each layer's number and returns that layer's block.
    """

    name = "a stack"

    def __init__(
        self,
        block: Callable[[int], nn.Module],
        *,
        d_model: int,
        n_layers: int,
        norm: Norm,
        norm_layer: NormLayer,
    ):
        super().__init__()
        if n_layers < 1:
            raise ValueError(f"{self.name} needs at least one layer, got n_layers={n_layers}.")
        self.blocks = nn.ModuleList(block(layer) for layer in range(n_layers))
        self.final_norm = norm_layer(d_model) if norm == "pre" else nn.Identity()

    def _through_blocks(
        self, x: Float[Tensor, "batch n d_model"], *others: Tensor | None, cache: Cache | None
    ) -> Float[Tensor, "batch n d_model"]:
        """`others` is what each block gets besides: a mask, or a context and two masks."""
        caches = [None] * len(self.blocks) if cache is None else cache.layers
        for block, of_block in zip(self.blocks, caches, strict=True):
            x = block(x, *others, cache=of_block)
        return self.final_norm(x)

    def new_cache(self) -> Cache:
        return Cache(block.new_cache() for block in self.blocks)


class Encoder(_Stack):
    """A stack of blocks: [batch, n, d_model] in, [batch, n, d_model] out.

    `mixer` is called with each layer's number and returns that layer's mixer, so that

        Encoder(lambda layer: Attention(64, 4), d_model=64, n_layers=6, d_ff=256)

    is the encoder of 2017 and another mixer is another lambda. `d_ff=None` leaves the feed-forward
    layers out. With `norm="pre"` one more norm closes the stack, because there each block adds to a
    sum that nobody has normalised. The norms and feed-forward layers are arguments, too:

        Encoder(…, norm_layer=nn.RMSNorm, feed_forward=GatedFeedForward, activation=F.silu)

    has the block of today's models (with rotary attention as the mixer, Touvron et al. 2023).
    `norm_layer` is called with d_model, `feed_forward` as `blocks.FeedForward` is.
    """

    name = "an encoder"

    def __init__(
        self,
        mixer: Callable[[int], nn.Module],
        *,
        d_model: int,
        n_layers: int,
        d_ff: int | None,
        norm: Norm = "pre",
        activation: Callable[[Tensor], Tensor] = F.gelu,
        dropout: float = 0.0,
        norm_layer: NormLayer = nn.LayerNorm,
        feed_forward: FeedForwardLayer = FeedForward,
    ):
        def block(layer: int) -> Block:
            own = mixer(layer)
            ffn = _made(feed_forward, d_model, d_ff, activation, dropout)
            options = {"norm": norm, "dropout": dropout, "norm_layer": norm_layer}
            return Block(d_model, own, ffn, **options)

        super().__init__(
            block, d_model=d_model, n_layers=n_layers, norm=norm, norm_layer=norm_layer
        )

    def forward(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n_key"] | None = None,
        *,
        cache: Cache | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        return self._through_blocks(x, mask, cache=cache)


class Decoder(_Stack):
    """A stack of decoder blocks: like `Encoder`, and each block also listens to `context`.

    `mixer` and `cross` are called with each layer's number; the decoder of 2017 is

        Decoder(
            lambda layer: Attention(64, 4, causal=True),
            lambda layer: Attention(64, 4),
            d_model=64, n_layers=6, d_ff=256,
        )

    Raises ValueError for a mixer that does not say it is causal: it might read what it is to write.
    """

    name = "a decoder"

    def __init__(
        self,
        mixer: Callable[[int], nn.Module],
        cross: Callable[[int], nn.Module],
        *,
        d_model: int,
        n_layers: int,
        d_ff: int | None,
        norm: Norm = "pre",
        activation: Callable[[Tensor], Tensor] = F.gelu,
        dropout: float = 0.0,
        norm_layer: NormLayer = nn.LayerNorm,
        feed_forward: FeedForwardLayer = FeedForward,
    ):
        def block(layer: int) -> DecoderBlock:
            own, to_context = _causal(mixer(layer)), cross(layer)
            ffn = _made(feed_forward, d_model, d_ff, activation, dropout)
            options = {"norm": norm, "dropout": dropout, "norm_layer": norm_layer}
            return DecoderBlock(d_model, own, to_context, ffn, **options)

        super().__init__(
            block, d_model=d_model, n_layers=n_layers, norm=norm, norm_layer=norm_layer
        )

    def forward(
        self,
        x: Float[Tensor, "batch n d_model"],
        context: Float[Tensor, "batch n_context d_model"],
        mask: Bool[Tensor, "batch n_key"] | None = None,
        context_mask: Bool[Tensor, "batch n_context"] | None = None,
        *,
        cache: Cache | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        return self._through_blocks(x, context, mask, context_mask, cache=cache)


def _made(
    feed_forward: FeedForwardLayer,
    d_model: int,
    d_ff: int | None,
    activation: Callable[[Tensor], Tensor],
    dropout: float,
) -> nn.Module | None:
    if d_ff is None:
        return None
    return feed_forward(d_model, d_ff, activation=activation, dropout=dropout)


def _causal(mixer: nn.Module) -> nn.Module:
    """The mixer, if it says that no token hears a later one. ValueError otherwise."""
    name, causal = type(mixer).__name__, getattr(mixer, "causal", None)
    if not isinstance(causal, bool):
        found = "it has no attribute causal" if causal is None else f"its causal is {causal!r:.60}"
        raise ValueError(
            f"{name} does not say whether it sees the tokens that the model is asked to predict: "
            f"{found}. Add self.causal = True to it if no token hears a later one, and "
            "self.causal = False if one may."
        )
    if not causal:
        raise ValueError(
            f"{name} with causal=False sees the tokens that the model is asked to predict. "
            f"Make it with {name}(..., causal=True)."
        )
    return mixer


class TextEncoder(nn.Module):
    """An `Embedding` and an `Encoder` in a row: token ids in, one vector a token out."""

    def __init__(self, embedding: Embedding, encoder: Encoder):
        super().__init__()
        self.embedding, self.encoder = embedding, encoder

    def forward(
        self,
        ids: Int[Tensor, "batch n"],
        mask: Bool[Tensor, "batch n"] | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        return self.encoder(self.embedding(ids), mask)


class Seq2SeqTransformer(nn.Module):
    """The transformer of 2017: read a text in one language, write it in another.

    Source and target share one vocabulary and one matrix: it embeds both (times √d_model) and, read
    backwards, makes the logits. `positions` are sinusoidal unless given. `mixer` replaces the
    encoder's attention and `decoder_mixer` the decoder's to itself: called with the layer's number,
    they return that layer's mixer, the decoder's a causal one. What the decoder hears of the source
    stays attention. `norm="post"` is the paper's; "pre" trains more easily. `norm_layer` and
    `feed_forward` are those of `Encoder`; `embedding_scale` replaces √d_model.

    With V = vocab_size, d = d_model, f = d_ff, N = n_layers in each stack, it has

        V·d + N·(4d² + 2df + f + 9d) + N·(8d² + 2df + f + 15d)  [+ 4d with norm="pre"]

    parameters: the matrix, the encoder, the decoder, two closing norms.

    Raises ValueError for a `decoder_mixer` that does not say it is causal.
    Source: Vaswani et al. 2017, sections 3.1 to 3.4.
    """

    def __init__(
        self,
        vocab_size: int,
        *,
        d_model: int,
        n_heads: int,
        n_layers: int,
        d_ff: int | None,
        norm: Norm = "pre",
        activation: Callable[[Tensor], Tensor] = F.relu,
        dropout: float = 0.0,
        positions: nn.Module | None = None,
        mixer: Callable[[int], nn.Module] | None = None,
        decoder_mixer: Callable[[int], nn.Module] | None = None,
        norm_layer: NormLayer = nn.LayerNorm,
        feed_forward: FeedForwardLayer = FeedForward,
        embedding_scale: float | None = None,
    ):
        super().__init__()

        def attention(layer: int) -> Attention:
            return Attention(d_model, n_heads)

        def attention_to_past(layer: int) -> Attention:
            return Attention(d_model, n_heads, causal=True)

        stack = {
            "d_model": d_model,
            "n_layers": n_layers,
            "d_ff": d_ff,
            "norm": norm,
            "activation": activation,
            "dropout": dropout,
            "norm_layer": norm_layer,
            "feed_forward": feed_forward,
        }
        self.embedding = Embedding(
            vocab_size,
            d_model,
            SinusoidalPositions(d_model) if positions is None else positions,
            scale=math.sqrt(d_model) if embedding_scale is None else embedding_scale,
            dropout=dropout,
        )
        # Vectors of length about 1, which the scale makes as large as the positions. Then the first
        # guess is "the last token again", so that the loss starts above ln V.
        nn.init.normal_(self.embedding.tokens.weight, std=d_model**-0.5)
        self.encoder = Encoder(mixer or attention, **stack)
        self.decoder = Decoder(decoder_mixer or attention_to_past, attention, **stack)

    def forward(
        self,
        source: Int[Tensor, "batch n_source"],
        target: Int[Tensor, "batch n_target"],
        source_mask: Bool[Tensor, "batch n_source"] | None = None,
        target_mask: Bool[Tensor, "batch n_target"] | None = None,
    ) -> Float[Tensor, "batch n_target vocab_size"]:
        """Logits of the token after each target token, with the true ones before it given.

        That is teacher forcing: `target` starts with the start token, and the logits at place i are
        to be compared with the target's token i + 1. Masks are True at real tokens.
        """
        return self.decode(target, self.encode(source, source_mask), source_mask, target_mask)

    def encode(
        self,
        source: Int[Tensor, "batch n_source"],
        source_mask: Bool[Tensor, "batch n_source"] | None = None,
    ) -> Float[Tensor, "batch n_source d_model"]:
        """What the encoder makes of the source: the context that `decode` listens to."""
        return self.encoder(self.embedding(source), source_mask)

    def decode(
        self,
        target: Int[Tensor, "batch n_target"],
        context: Float[Tensor, "batch n_source d_model"],
        source_mask: Bool[Tensor, "batch n_source"] | None = None,
        target_mask: Bool[Tensor, "batch n_written"] | None = None,
        *,
        cache: Cache | None = None,
    ) -> Float[Tensor, "batch n_target vocab_size"]:
        """Logits after each target token, for a source that `encode` has read.

        With `cache`, from `new_cache`, `target` goes on where the call before ended, and
        `target_mask`, if any, speaks of all target tokens so far.
        """
        start = 0 if cache is None else cache.n
        x = self.embedding(target, start)
        hidden = self.decoder(x, context, target_mask, source_mask, cache=cache)
        if cache is not None:
            cache.n += target.shape[1]
        return self.embedding.logits(hidden)

    def new_cache(self) -> Cache:
        """An empty cache for `decode`."""
        return self.decoder.new_cache()

    def given(
        self,
        source: Int[Tensor, "batch n_source"],
        source_mask: Bool[Tensor, "batch n_source"] | None = None,
    ) -> "GivenSource":
        """Reads the source, once; what comes back writes the target (see `decoding`)."""
        return GivenSource(self, self.encode(source, source_mask), source_mask)


class GivenSource(nn.Module):
    """A `Seq2SeqTransformer` that has read its source: called with target ids it returns logits.

    There may be several targets for each source, one after another (the hypotheses of a beam):
    row i of `ids` belongs to row i // (targets for each source) of the source.
    """

    def __init__(
        self,
        model: Seq2SeqTransformer,
        context: Float[Tensor, "batch n_source d_model"],
        source_mask: Bool[Tensor, "batch n_source"] | None,
    ):
        super().__init__()
        self.model = model
        self.read = context, source_mask
        self.shared = self.read  # the same, with a row for each target of the latest call

    def forward(
        self, ids: Int[Tensor, "rows n_target"], *, cache: Cache | None = None
    ) -> Float[Tensor, "rows n_target vocab_size"]:
        shared = self.shared
        if len(ids) != len(shared[0]):
            shared = self._shared_out(len(ids))
            if type(shared[0]) is Tensor:  # and not what stands for one while a model is traced
                self.shared = shared
        context, mask = shared
        return self.model.decode(ids, context, mask, cache=cache)

    def new_cache(self) -> Cache:
        return self.model.new_cache()

    def _shared_out(self, rows: int) -> tuple[Tensor, Tensor | None]:
        context, mask = self.read
        each, left = divmod(rows, len(context))
        if left:
            raise ValueError(
                f"{rows} targets cannot be shared out evenly among {len(context)} sources."
            )
        if mask is not None:
            mask = mask.repeat_interleave(each, dim=0)
        return context.repeat_interleave(each, dim=0), mask


class LanguageModel(nn.Module):
    """Predicts the next token from those before it: an encoder that cannot see the future.

    `mixer` is called with the layer's number and returns that layer's mixer, which must be causal:

        LanguageModel(
            65, lambda layer: Attention(128, 4, causal=True), positions=LearnedPositions(64, 128),
            d_model=128, n_layers=4, d_ff=512,
        )

    `positions=None` is for mixers that know places themselves (rotary attention). With `tie` the
    output matrix is the embedding's; without, it is one of its own. `max_n` is how many tokens
    `generate` lets it read at once: by default as many as its positions have rows for. Rotary
    attention has no such end, and still reads badly past the length that it was trained on.
    `norm_layer` and `feed_forward` are those of `Encoder`. `embedding_scale` is what the tokens'
    vectors are multiplied with: √d_model unless given, 1 in GPT-2.

    With V = vocab_size, d = d_model, f = d_ff, N = n_layers and `Attention` as the mixer it has

        V·d + N·(4d² + 2df + f + 9d)  [+ max_n·d with LearnedPositions(max_n, d)]
                                      [+ 2d with norm="pre"]  [+ V·d with tie=False]

    parameters.

    Raises ValueError for a mixer that does not say it is causal.
    Sources: Radford et al. 2018, section 3.1 (the model); Press and Wolf 2017 (tying).
    """

    def __init__(
        self,
        vocab_size: int,
        mixer: Callable[[int], nn.Module],
        *,
        d_model: int,
        n_layers: int,
        d_ff: int | None,
        positions: nn.Module | None = None,
        norm: Norm = "pre",
        activation: Callable[[Tensor], Tensor] = F.gelu,
        dropout: float = 0.0,
        tie: bool = True,
        max_n: int | None = None,
        norm_layer: NormLayer = nn.LayerNorm,
        feed_forward: FeedForwardLayer = FeedForward,
        embedding_scale: float | None = None,
    ):
        super().__init__()
        self.embedding = Embedding(
            vocab_size,
            d_model,
            positions,
            scale=math.sqrt(d_model) if embedding_scale is None else embedding_scale,
            dropout=dropout,
        )
        # Small, as in GPT-2, so that the first guess is close to "all tokens are equally likely".
        nn.init.normal_(self.embedding.tokens.weight, std=0.02)
        self.encoder = Encoder(
            lambda layer: _causal(mixer(layer)),
            d_model=d_model,
            n_layers=n_layers,
            d_ff=d_ff,
            norm=norm,
            activation=activation,
            dropout=dropout,
            norm_layer=norm_layer,
            feed_forward=feed_forward,
        )
        self.output = None if tie else nn.Linear(d_model, vocab_size, bias=False)
        self.max_n = getattr(positions, "max_n", None) if max_n is None else max_n

    def forward(
        self,
        ids: Int[Tensor, "batch n"],
        mask: Bool[Tensor, "batch n_key"] | None = None,
        *,
        cache: Cache | None = None,
    ) -> Float[Tensor, "batch n vocab_size"]:
        """Logits of the token after each token: those at place i belong to token i + 1.

        With `cache`, from `new_cache`, `ids` go on where the call before ended, and `mask`, if any,
        speaks of all tokens so far.
        """
        x = self.embedding(ids, 0 if cache is None else cache.n)
        hidden = self.encoder(x, mask, cache=cache)
        if cache is not None:
            cache.n += ids.shape[1]
        return self.embedding.logits(hidden) if self.output is None else self.output(hidden)

    def new_cache(self) -> Cache:
        """An empty cache for `forward`. ValueError if a mixer cannot be continued."""
        return self.encoder.new_cache()


def hybrid(
    below: Callable[[int], nn.Module],
    above: Callable[[int], nn.Module],
    *,
    n_layers: int,
    n_above: int = 2,
) -> Callable[[int], nn.Module]:
    """A `mixer` for models: `below` in the lower layers, `above` in the `n_above` top ones.

    With Fourier mixing below and attention above it is FNet-Hybrid, whose best layout has two
    layers of attention on top. ValueError if there are fewer layers than that.
    Source: Lee-Thorp et al. 2021, FNet, appendix; the released code's layout TOP.
    """
    if not 0 <= n_above <= n_layers:
        raise ValueError(f"of {n_layers} layers {n_above} cannot be on top: 0 to {n_layers} can.")
    return lambda layer: (above if layer >= n_layers - n_above else below)(layer)


class MaskedLanguageModel(nn.Module):
    """Guesses tokens that were hidden from the whole rest of the text, left and right.

    On top of an encoder: one more linear layer, `activation`, a norm, the embedding read backwards,
    and a bias for each token. `text.hide` hides them. With V = vocab_size and d = d_model the head
    has d² + 3d + V parameters of its own.

    Sources: Devlin et al. 2019, BERT, section 3.1; the released code of BERT and FNet (the head).
    """

    def __init__(
        self,
        encoder: TextEncoder,
        *,
        norm_layer: NormLayer = nn.LayerNorm,
        activation: Callable[[Tensor], Tensor] = F.gelu,
    ):
        super().__init__()
        vocab_size, d_model = encoder.embedding.tokens.weight.shape
        self.encoder, self.activation = encoder, activation
        self.transform = nn.Linear(d_model, d_model)
        self.norm = norm_layer(d_model)
        self.bias = nn.Parameter(torch.zeros(vocab_size))

    def forward(
        self,
        ids: Int[Tensor, "batch n"],
        mask: Bool[Tensor, "batch n"] | None = None,
        *,
        asked: Bool[Tensor, "batch n"] | None = None,
    ) -> Float[Tensor, "*batch vocab_size"]:
        """Logits for every place, [batch, n, vocab_size].

        With `asked`, which says which tokens were hidden, for these places alone and in their
        order, [n_asked, vocab_size]: six of seven places need no guess. TypeError or ValueError if
        it is not boolean [batch, n].
        """
        expect_mask(asked, *ids.shape, "asked, of MaskedLanguageModel,")
        x = self.encoder(ids, mask)
        x = x if asked is None else x[asked]
        x = self.norm(self.activation(self.transform(x)))
        return self.encoder.embedding.logits(x) + self.bias


class Classifier(nn.Module):
    """Says which of `n_classes` a whole text is, from its first token: a sign put there for that.

    The first vector goes through a linear layer and tanh (the *pooler*), then to the classes.
    Source: Devlin et al. 2019, BERT, section 4; the released code (the pooler).
    """

    def __init__(self, encoder: TextEncoder, n_classes: int, *, dropout: float = 0.0):
        super().__init__()
        d_model = encoder.embedding.tokens.embedding_dim
        expect_at_least(1, n_classes=n_classes)
        self.encoder = encoder
        self.pooler = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(d_model, n_classes)

    def forward(
        self,
        ids: Int[Tensor, "batch n"],
        mask: Bool[Tensor, "batch n"] | None = None,
    ) -> Float[Tensor, "batch n_classes"]:
        first = self.encoder(ids, mask)[:, 0]
        return self.output(self.dropout(torch.tanh(self.pooler(first))))
