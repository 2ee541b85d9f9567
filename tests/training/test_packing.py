"""
Packs compute what their documents compute alone: logits, losses and gradients.
"""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch
from idiolect.training import attention, forward, modes
from idiolect.training.attention import dense_mask
from idiolect.training.encode import Example, as_ids, encode_pairs
from idiolect.training.forward import answer_logits, answer_losses, read_prompts, set_mode, to_batch
from idiolect.training.modes import choose_mode
from idiolect.training.packing import (
    Chunk,
    Segment,
    build_pack,
    count_cost,
    count_slowest,
    cut_steps,
    fit_chunks,
    group_examples,
    make_chunks,
    pack_in_order,
    plan_training,
)
from transformers import DogeConfig, Gemma4TextConfig

from .conftest import CPU, learn, make_pairs, tiny_model

ARCHITECTURES = ["qwen2", "llama", "starcoder2", "qwen3", "granite"]


@pytest.fixture(scope="module")
def examples(family):
    return encode_pairs(make_pairs(10), family, 512).examples


@pytest.fixture(scope="module")
def partly_bare(examples):
    """Return the examples, of which two ask nothing beyond the context that they share."""
    return [*(replace(example, ask=example.ask[:1]) for example in examples[:2]), *examples[2:]]


def spell(shared, ask, answer, prompt_id="a.py"):
    """Return the example of these ids."""
    return Example("", prompt_id, as_ids(shared), as_ids(ask), as_ids(answer))


def gradients(model, batches):
    """Return the loss of all *batches*, and its gradient."""
    losses, gradient = learn(model, torch.cat([answer_losses(model, batch) for batch in batches]))
    return losses.sum(), gradient


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("share", [1, 8])
def test_a_pack_equals_its_documents(architecture, share, examples, family):
    """Logits, loss and gradients of a pack are those of padding-free single documents, shared prefixes or not."""
    model = tiny_model(architecture, len(family.tokenizer))
    set_mode(model, "single")
    alone = [to_batch(build_pack([[example]]), "single", CPU, torch.float32) for example in examples]
    alone_logits = [answer_logits(model, batch).detach() for batch in alone]
    alone_loss, alone_gradient = gradients(model, alone)

    set_mode(model, "packed")
    packs = pack_in_order(examples, pack_tokens=100_000, share=share)
    batches = [to_batch(pack, "packed", CPU, torch.float32) for pack, _ in packs]
    logits = answer_logits(model, batches[0]).detach()
    loss, gradient = gradients(model, batches)

    assert len(packs) == 1
    expected = torch.cat([alone_logits[i] for i in packs[0][1]])
    assert torch.allclose(expected, logits, rtol=1e-5, atol=2e-5 * float(expected.abs().max()))
    assert abs(loss - alone_loss) <= 1e-5 * abs(alone_loss)
    assert (gradient - alone_gradient).norm() <= 1e-5 * alone_gradient.norm()


def test_a_pack_by_hand():
    """
    A prefix stands once, documents count on from it, and each answer is predicted from the token before it.

    Documents without a prefix count from 0, though they travel together; no document's last token is computed.
    """
    beside = [spell([1, 2], [3], [4, 5]), spell([1, 2], [6, 7], [8])]
    alone, bare = [spell([1], [2], [3, 4])], [spell([], [5], [6]), spell([], [7, 8], [9])]
    pack = build_pack([beside, alone, bare])

    assert pack.input_ids.tolist() == [1, 2, 3, 4, 6, 7, 1, 2, 3, 5, 7, 8]
    assert pack.position_ids.tolist() == [0, 1, 2, 3, 2, 3, 0, 1, 2, 0, 0, 1]
    assert [tuple(segment) for segment in pack.segments] == [
        (2, ()), (2, (0,)), (2, (0,)), (3, ()), (1, ()), (2, ()),
    ]  # fmt: skip
    assert pack.keep.tolist() == [2, 3, 5, 7, 8, 9, 11]
    assert pack.targets.tolist() == [4, 5, 8, 3, 4, 6, 9]
    assert pack.owners.tolist() == [0, 0, 1, 2, 2, 3, 4]
    assert (pack.tokens, pack.asking) == (12, 5)


def test_only_equal_prefixes_are_shared():
    """One file's pairs share what they have in common, ids for ids; what has no file or no context stands alone."""
    same = [spell([1, 2], [3], [4]), spell([1, 2], [5], [6])]
    others = [
        spell([1, 9], [3], [4]),
        spell([1, 2], [3], [4], "b.py"),
        *[spell([1, 2], [3], [4], "")] * 2,
        *[spell([], [3], [4])] * 2,
    ]

    assert group_examples([same[0], *others, same[1]]) == [[0, 7], [1], [2], [3], [4], [5], [6]]


def test_sharing_computes_fewer_tokens(examples):
    """Pairs of one file put their context into the pack once."""
    ((shared, _),) = pack_in_order(examples, pack_tokens=100_000, share=8)
    ((apart, _),) = pack_in_order(examples, pack_tokens=100_000, share=1)

    assert shared.tokens < 0.8 * apart.tokens
    assert np.array_equal(np.sort(shared.targets), np.sort(apart.targets))


def test_every_answer_token_is_a_target_once(examples):
    """The head scores each answer, its stop token included, and nothing of any prompt."""
    pack, order = pack_in_order(examples, pack_tokens=100_000, share=8)[0]
    answers = np.concatenate([examples[i].answer for i in order])

    assert np.array_equal(answers, pack.targets)
    assert np.array_equal(np.arange(len(order)), np.unique(pack.owners))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("architecture", "mode"),
    [
        ("qwen2", "packed"),
        ("gpt2", "packed"),
        ("gemma2", "mask"),
        ("exaone4", "packed"),
        ("lfm2", "single"),
        ("mamba", "single"),
    ],
)
def test_the_mode_is_asked_of_the_model(architecture, mode, dtype, family):
    """
    A model that bends its attention scores is given a mask instead of our attention; others are packed.

    One document at a time where state passes between them, however little of it half precision would show.
    """
    model = tiny_model(architecture, len(family.tokenizer)).to(dtype)

    assert mode == choose_mode(model, CPU, dtype, longest=100 if architecture == "exaone4" else 0)


@pytest.mark.parametrize(
    ("wrong", "mode"),
    [
        pytest.param({}, "packed", id="right"),
        pytest.param({"window": None}, "single", id="no window"),
        pytest.param({"window": 41}, "single", id="a window that is one token longer"),
        pytest.param({"scaling": 1.1}, "single", id="scores a tenth larger"),
        pytest.param({"ahead": ()}, "single", id="no prefix"),
    ],
)
def test_rounding_that_a_model_makes_much_of_is_no_fault_of_its_packs(wrong, mode, family, monkeypatch):
    """Eight random layers of Gemma 4 move a tenth in half precision by any other kernel, and far more by a fault."""
    kinds = ["sliding_attention", "full_attention"] * 4
    shape = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 8, "num_attention_heads": 4}
    config = Gemma4TextConfig(
        vocab_size=len(family.tokenizer), num_key_value_heads=2, head_dim=16, global_head_dim=32, layer_types=kinds,
        num_kv_shared_layers=0, sliding_window=40, hidden_size_per_layer_input=8,
        vocab_size_per_layer_input=len(family.tokenizer), pad_token_id=0, **shape,
    )  # fmt: skip
    exact = attention.segment_attention

    def spoilt(query, own, ahead, layout, scaling, dropout, window):
        if "ahead" in wrong:
            layout = replace(layout, segments=tuple(Segment(segment.length) for segment in layout.segments))
        window = wrong.get("window", window) if window else window
        return exact(query, own, ahead, layout, scaling * wrong.get("scaling", 1.0), dropout, window)

    monkeypatch.setattr(attention, "segment_attention", spoilt)

    assert mode == choose_mode(tiny_model(config, 0).to(torch.bfloat16), CPU, torch.bfloat16, longest=100)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_mask_of_a_layer_s_own_is_not_passed_over(dtype, family):
    """Doge adds to its mask what it learned; half precision would hide that our attention knows nothing of it."""
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4}
    config = DogeConfig(vocab_size=len(family.tokenizer), num_key_value_heads=2, pad_token_id=0, **shape)
    model = tiny_model(config, len(family.tokenizer)).to(dtype)

    assert choose_mode(model, CPU, dtype) == "mask"


def test_a_lack_of_memory_says_nothing_of_a_model(family, monkeypatch):
    """A trial that does not fit is told, and no slower mode is taken for it."""

    def lack(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(modes, "answer_logits", lack)

    with pytest.raises(torch.OutOfMemoryError):
        choose_mode(tiny_model("qwen2", len(family.tokenizer)), CPU, torch.float32)


def test_what_is_kept_of_a_prompt_is_of_the_type_that_answers_see():
    """Under autocast a norm may leave keys in full precision: prompts that are read before keep none such."""
    layer, segment = torch.nn.Identity(), Segment(5)
    query, key, value = (torch.randn(1, 2, 5, 8, dtype=kind) for kind in (torch.float32, torch.float32, torch.bfloat16))
    past = attention.Past([5])
    with torch.autocast("cpu", torch.bfloat16):
        attention.packed_attention(layer, query, key, value, None, layout=attention.Layout((segment,), CPU, keeps=past))
        behind = attention.Layout((Segment(5, (0,)),), CPU, past=past)
        seen, _ = attention.packed_attention(layer, query, key, value, None, layout=behind)

    assert torch.bfloat16 == seen.dtype == past.layers[layer][0][0].dtype


@pytest.mark.parametrize(
    ("architecture", "longest", "mode"),
    [
        ("llama4", 40, "packed"),
        ("llama4", 100, "single"),
        ("gpt_neo", 40, "mask"),
        ("gpt_neo", 100, "single"),
        ("deepseek_v32", 40, "packed"),
        ("deepseek_v32", 100, "single"),
    ],
)
def test_documents_beyond_an_attention_that_is_cut_are_tried(architecture, longest, mode, family):
    """Attention in chunks, by a mask of its own or by an index is no window: longer documents are computed alone."""
    model = tiny_model(architecture, len(family.tokenizer))

    assert mode == choose_mode(model, CPU, torch.float32, longest)


def varlen_as_documented(query, key, value, queries, keys, longest, longest_key, *, scale, window_size, **_):
    """Return what torch's kernel does, one document after the other; it refuses heads as the kernel does."""
    if query.shape[-1] != value.shape[-1] or query.shape[-1] % 8 or query.shape[-1] > 256:
        raise RuntimeError("head dimension")
    outputs = []
    for number in range(len(queries) - 1):
        seen = slice(keys[number], keys[number + 1])
        q, k, v = (x.transpose(0, 1) for x in (query[queries[number] : queries[number + 1]], key[seen], value[seen]))
        before = k.shape[1] - q.shape[1]
        allowed = attention.causal(q.shape[1], before, None if window_size[0] < 0 else window_size[0] + 1, CPU)
        assert q.shape[1] <= longest and k.shape[1] <= longest_key
        attend = torch.nn.functional.scaled_dot_product_attention
        outputs.append(attend(q, k, v, attn_mask=allowed, scale=scale, enable_gqa=True).transpose(0, 1))
    return torch.cat(outputs)


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """Let packs be laid out as on a GPU, and computed by what stands for torch's kernel there; count its calls."""
    calls = []

    def kernel(*given, **options):
        calls.append(1)
        return varlen_as_documented(*given, **options)

    def lay_out(layout):
        layout.lengths = [segment.length for segment in layout.segments]
        layout.varlen = attention.varlen_indices(layout.segments, CPU, layout.past and layout.past.lengths)

    monkeypatch.setattr(attention, "varlen_attn", kernel)
    monkeypatch.setattr(attention, "HALF", (torch.float32,))
    monkeypatch.setattr(attention.Layout, "__post_init__", lay_out)
    return calls


@pytest.mark.parametrize("architecture", ["qwen3", "starcoder2", "deepseek_v3"])
def test_the_kernel_of_a_gpu_is_asked_for_what_it_can(architecture, family, as_on_a_gpu):
    """With what stands for torch's varlen kernel packs are exact; heads that it refuses are computed one by one."""
    model = tiny_model(architecture, len(family.tokenizer))

    assert choose_mode(model, CPU, torch.float32, longest=100) == "packed"
    assert bool(as_on_a_gpu) == (architecture != "deepseek_v3")


@pytest.mark.parametrize("architecture", ["qwen3", "starcoder2", "diffllama"])
@pytest.mark.parametrize("share", [1, 8])
@pytest.mark.parametrize("learn", [True, False], ids=["prompts first", "skimmed"])
def test_answers_behind_prompts_are_one_call_of_that_kernel(
    architecture, share, learn, partly_bare, family, monkeypatch, as_on_a_gpu
):
    """Loss and gradients behind prompts that were read before are those of one kernel a segment, in a call a layer."""
    model = tiny_model(architecture, len(family.tokenizer))
    set_mode(model, "packed")
    ((pack, _),) = pack_in_order(partly_bare, pack_tokens=100_000, share=share)
    read_prompts(model, pack, CPU, learn=False)  # once to the end: so many layers ask
    as_on_a_gpu.clear()
    loss, gradient = gradients(model, [read_prompts(model, pack, CPU, learn=learn)])
    asked = forward.askers[model]
    calls = len(as_on_a_gpu)
    monkeypatch.setattr(attention, "HALF", ())
    expected_loss, expected = gradients(model, [read_prompts(model, pack, CPU, learn=learn)])

    # prompts stop at their last keys
    assert calls == 2 * asked - 1
    assert abs(loss - expected_loss) <= 1e-5 * abs(expected_loss)
    assert (gradient - expected).norm() <= 1e-5 * expected.norm()


@pytest.mark.parametrize("window", [None, 4])
def test_the_installed_kernel_takes_what_it_is_given(window):
    """Torch's own kernel, asked with tensors that have no numbers, agrees to our arguments and to its own backward."""
    segments = (Segment(6), Segment(3, (0,)), Segment(2, (0,)))
    indices = attention.varlen_indices(segments, torch.device("meta"))
    query, key, value = (
        torch.empty(1, heads, 11, 64, device="meta", dtype=torch.bfloat16, requires_grad=True) for heads in (8, 2, 2)
    )

    output = attention.varlen_attention(query, key, value, indices, scaling=None, window=window)
    output.sum().backward()

    assert output.shape == (1, 11, 8, 64)
    assert [x.grad.shape for x in (query, key, value)] == [x.shape for x in (query, key, value)]


def test_a_shared_prefix_stands_before_each_of_its_documents():
    """The kernel's indices repeat a prefix's keys ahead of every document that begins with it."""
    segments = (Segment(3), Segment(2, (0,)), Segment(1, (0,)), Segment(4))
    indices = attention.varlen_indices(segments, CPU)

    assert indices.queries.tolist() == [0, 3, 5, 6, 10]
    assert indices.keys.tolist() == [0, 3, 8, 12, 16]
    assert indices.gather.tolist() == [0, 1, 2, 0, 1, 2, 3, 4, 0, 1, 2, 5, *range(6, 10)]
    assert (indices.longest_query, indices.longest_key) == (4, 5)
    assert np.int32 == indices.queries.numpy().dtype


def test_documents_that_share_nothing_are_their_own_keys():
    """No index of keys is made where each document sees what it asks with."""
    indices = attention.varlen_indices((Segment(3), Segment(2)), CPU)

    assert indices.gather is None
    assert indices.keys is indices.queries


def test_the_dense_mask_is_the_same_attention(examples, family):
    """The fallback for models outside the attention interface gives the same logits."""
    model = tiny_model("qwen2", len(family.tokenizer))
    pack = pack_in_order(examples, pack_tokens=100_000, share=8)[0][0]
    set_mode(model, "packed")
    ours = answer_logits(model, to_batch(pack, "packed", CPU, torch.float32))
    set_mode(model, "mask")
    masked = answer_logits(model, to_batch(pack, "mask", CPU, torch.float32))

    assert torch.allclose(ours, masked, atol=1e-4)
    assert dense_mask(pack.segments, torch.float32, CPU).shape == (1, 1, pack.tokens, pack.tokens)


def test_plans_hold_every_example_once_an_epoch(examples):
    """An epoch visits each example once; equal seeds give equal plans, other epochs other ones."""
    plan = plan_training(examples, pack_tokens=300, step_tokens=600, share=3, seed=5)
    again = plan_training(examples, pack_tokens=300, step_tokens=600, share=3, seed=5)
    visited = [i for step in plan.epoch(0) for pack in step for chunk in pack for i in chunk.members]

    assert list(range(len(examples))) == sorted(visited)
    assert plan.epoch(0) == again.epoch(0)
    assert plan.epoch(0) != plan.epoch(1)


def test_epochs_take_turns(examples):
    """Every epoch visits all examples and, beside them, those of one turn after the other."""
    turns = (examples[6:8], examples[8:10])
    plan = plan_training(examples[:6], pack_tokens=300, step_tokens=600, share=3, seed=5, turns=turns)
    epochs = ([chunk for step in plan.epoch(number) for pack in step for chunk in pack] for number in range(3))
    visited = [{member for chunk in chunks for member in chunk.members} for chunks in epochs]

    assert visited == [{*range(6), 6, 7}, {*range(6), 8, 9}, {*range(6), 6, 7}]
    assert plan.examples == tuple(examples)
    assert {id(example) for example in plan.seen(1)} == {id(example) for example in examples[:8]}
    assert {id(example) for example in plan.seen(2)} == {id(example) for example in examples}


@pytest.mark.parametrize(
    ("tokens", "cuts"),
    [
        pytest.param([100] * 6, [3, 3], id="as many as fit"),
        pytest.param([90] * 6, [3, 3], id="nearly as many"),
        pytest.param([89, 90, 90, 160], [4], id="not quite as many"),
        pytest.param([100] * 10, [3, 3, 4], id="little is left over"),
        pytest.param([100] * 8, [3, 3, 2], id="much is left over"),
        pytest.param([100] * 4 + [50], [3, 2], id="just enough is left over"),
        pytest.param([100], [1], id="nothing else"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_steps_take_their_tokens_and_leave_no_pack_out(tokens, cuts):
    """What is left over is a step of its own, or joins the last one where it is less than half of one."""
    packs = [[Chunk((number,), size, 1)] for number, size in enumerate(tokens)]

    steps = cut_steps(packs, 300)

    assert cuts == [len(step) for step in steps]
    assert packs == [pack for step in steps for pack in step]


@pytest.mark.parametrize("most", [250, 120, 30])
def test_packs_keep_their_budget(examples, most):
    """No pack holds more tokens than the budget, unless one document alone does; none is empty, none left out."""
    plan = plan_training(examples, pack_tokens=most, step_tokens=500, share=4, seed=1)
    packs = [pack for step in plan.epoch(0) for pack in step]
    members = [[i for chunk in pack for i in chunk.members] for pack in packs]

    assert all(plan.build(pack).tokens <= most or len(own) == 1 for pack, own in zip(packs, members, strict=True))
    assert sorted(i for own in members for i in own) == list(range(len(examples)))
    assert all(chunk.members for pack in packs for chunk in pack)


def test_a_chunk_says_what_it_holds(examples):
    """At most so many examples share a prefix; it counts once, their asks and answers each."""
    chunks = make_chunks(examples, group_examples(examples), 3, 10**6)

    assert max(len(chunk.members) for chunk in chunks) == 3
    for chunk in chunks:
        own = [examples[i] for i in chunk.members]
        answers = sum(len(example.answer) for example in own)
        assert chunk.answers == answers
        assert chunk.tokens == len(own[0].shared) + sum(len(example.ask) for example in own) + answers


def test_a_chunk_is_filled_to_its_last_token():
    """Two of these take 8 tokens behind their prefix: they travel together where there is room for 8, not for 7."""
    pair = [spell([1, 2], [3], [4, 5]), spell([1, 2], [3], [4, 5])]

    assert [Chunk((0, 1), 8, 4)] == make_chunks(pair, [[0, 1]], 2, 8)
    assert [Chunk((0,), 5, 2), Chunk((1,), 5, 2)] == make_chunks(pair, [[0, 1]], 2, 7)


@pytest.mark.parametrize("room", [400, 450])
def test_packs_of_a_step_take_equally_long(room):
    """What has many answers costs more: of eight chunks the dear ones are spread over both packs."""
    chunks = [Chunk((number,), 100, 10 * number) for number in range(8)]

    packs = fit_chunks(chunks, room)

    assert [sum(chunk.tokens for chunk in pack) for pack in packs] == [400, 400]
    assert count_cost(packs[0]) == count_cost(packs[1])


def test_the_slowest_process_is_the_one_with_the_dearest_packs():
    """Packs are dealt in turn: of 14, 8 and 4 one of two processes gets 18; answers cost three tokens more each."""
    step = [[Chunk((0,), 4, 2), Chunk((1,), 4, 0)], [Chunk((2,), 8, 0)], [Chunk((3,), 1, 1)]]

    assert [26, 18, 14] == [count_slowest(step, processes) for processes in (1, 2, 3)]


def test_documents_apart_take_no_room_for_their_tokens():
    """Where each document is a pack of its own, there are as many packs as documents, and never one per token."""
    chunks = [Chunk((number,), 100_000, number) for number in range(4)]

    tracemalloc.start()
    packs = fit_chunks(chunks, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert packs == [[chunk] for chunk in reversed(chunks)]
    assert peak < 100_000


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("share", [1, 8])
def test_skimmed_prompts_give_the_same_losses(architecture, share, partly_bare, family):
    """Answers see the prompts that were read before them; gradients are those past the prompts' keys and values."""
    model = tiny_model(architecture, len(family.tokenizer))
    set_mode(model, "packed")
    ((pack, _),) = pack_in_order(partly_bare, pack_tokens=100_000, share=share)
    losses = answer_losses(model, to_batch(pack, "packed", CPU, torch.float32))
    skimmed = answer_losses(model, read_prompts(model, pack, CPU, learn=False))

    assert torch.allclose(losses, skimmed, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_skimming_keeps_the_gradient_that_does_not_pass_through_prompts(architecture, examples, family, monkeypatch):
    """The gradient of a skimmed pack is that of the whole one, were its prompts' keys and values given."""
    model = tiny_model(architecture, len(family.tokenizer))
    set_mode(model, "packed")
    ((pack, _),) = pack_in_order(examples, pack_tokens=100_000, share=8)
    _, skimmed = gradients(model, [read_prompts(model, pack, CPU, learn=False)])

    asks = torch.ones(1, 1, pack.tokens, 1, dtype=torch.bool).index_fill_(2, torch.from_numpy(pack.keep), False)
    whole_attention = attention.segment_attention

    def given(query, own, ahead, layout, *rest):
        still = [torch.cat(pieces, dim=2) for pieces in own]
        still = [torch.where(asks, tensor.detach(), tensor).split(layout.lengths, dim=2) for tensor in still]
        return whole_attention(query, still, still, layout, *rest)

    monkeypatch.setattr(attention, "segment_attention", given)
    _, expected = gradients(model, [to_batch(pack, "packed", CPU, torch.float32)])

    assert (skimmed - expected).norm() <= 1e-5 * expected.norm()


@pytest.mark.parametrize("architecture", [*ARCHITECTURES, "diffllama"])
@pytest.mark.parametrize("share", [1, 8])
def test_prompts_read_first_teach_as_much(architecture, share, examples, family):
    """Loss and gradients are those of the whole pack, though the prompts' last layer stops at its keys."""
    model = tiny_model(architecture, len(family.tokenizer))
    set_mode(model, "packed")
    ((pack, _),) = pack_in_order(examples, pack_tokens=100_000, share=share)
    loss, expected = gradients(model, [to_batch(pack, "packed", CPU, torch.float32)])
    read_prompts(model, pack, CPU, learn=True)  # once to the end: so many layers ask
    apart, gradient = gradients(model, [read_prompts(model, pack, CPU, learn=True)])

    assert abs(apart - loss) <= 1e-5 * abs(loss)
    assert (gradient - expected).norm() <= 1e-5 * expected.norm()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("learn", [None, True, False], ids=["whole", "prompts first", "skimmed"])
def test_products_in_half_precision_are_as_exact_as_the_usual_kernel(
    architecture, learn, examples, family, monkeypatch
):
    """A processor's attention in bf16 leaves the loss and gradients of full precision no further than torch's own."""
    model = tiny_model(architecture, len(family.tokenizer))
    ((pack, _),) = pack_in_order(examples, pack_tokens=100_000, share=8)
    calls = []
    usual = attention.usual_attention
    monkeypatch.setattr(attention, "usual_attention", lambda *given: calls.append(1) or usual(*given))

    def measured(dtype):
        model.to(dtype)
        set_mode(model, "packed")
        batch = to_batch(pack, "packed", CPU, dtype) if learn is None else read_prompts(model, pack, CPU, learn=learn)
        calls.clear()
        loss, gradient = gradients(model, [batch])
        return float(loss), gradient.float()

    loss, exact = measured(torch.float32)
    by_products, ours = measured(torch.bfloat16)
    asked = len(calls)
    monkeypatch.setattr(attention, "fits_products", lambda *given: False)
    by_kernel, theirs = measured(torch.bfloat16)

    assert (asked, bool(calls)) == (0, True)
    assert abs(by_products - loss) <= 2 * abs(by_kernel - loss) + 2e-3 * loss
    assert (ours - exact).norm() <= 1.25 * (theirs - exact).norm()


def test_prompts_are_read_no_further_than_their_last_keys(examples, family):
    """What a prompt's last layer would make of its keys and values is asked by nobody, and not computed."""
    model = tiny_model("qwen2", len(family.tokenizer))
    set_mode(model, "packed")
    ((pack, _),) = pack_in_order(examples, pack_tokens=100_000, share=8)
    read_prompts(model, pack, CPU, learn=False)  # once to the end: so many layers ask
    calls = []
    for layer in model.model.layers:
        layer.mlp.register_forward_hook(lambda layer, *_: calls.append(layer))
    answers = read_prompts(model, pack, CPU, learn=False)

    assert calls == [layer.mlp for layer in model.model.layers[:-1]]
    answer_losses(model, answers, fuse=False)
    assert calls[len(model.model.layers) - 1 :] == [layer.mlp for layer in model.model.layers]
