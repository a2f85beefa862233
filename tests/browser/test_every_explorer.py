"""Every explorer in a real JupyterLab: keys move its sliders, and the page alone redraws it."""

import re

import nbformat
import pytest
from lab import SECONDS, Notebook
from playwright.sync_api import Locator, expect

from course_utils.notebook import NOTEBOOK_METADATA

# Name, and the cells that make one: the last of them shows it.
EXPLORERS = {
    "bpe": [
        "from course_utils.text import BPETokenizer\n"
        "from course_utils.widgets import BPEExplorer\n"
        "tokenizer = BPETokenizer.train('Tom drinks cold coffee, cold tea and cold cocoa. ', 20)",
        "BPEExplorer(tokenizer, 'Tom drinks cold coffee.')",
    ],
    "beam": [
        "from course_utils.widgets import BeamExplorer\n"
        "def translate(text):\n"
        "    if not text: raise ValueError('There is nothing to translate.')\n"
        "    return BeamExplorer.by_hand({\n"
        "        '': {text: 0.5, 'trinkt': 0.4, 'mag': 0.1},\n"
        "        text: {'einen': 0.4, 'kalten': 0.3, 'Kaffee': 0.3},\n"
        "        'trinkt': {'kalten': 0.6, 'Kaffee': 0.4},\n"
        "        'trinkt kalten': {'Kaffee': 1.0},\n"
        "    }, widest=5).tree",
        "BeamExplorer(translate('nimmt'), widest=5, width=2, text='nimmt', translate=translate)",
    ],
    "embedding": [
        "from course_utils import datasets\n"
        "from course_utils.widgets import EmbeddingExplorer\n"
        "glove = datasets.glove()",
        "EmbeddingExplorer(glove.words, glove.vectors, 'coffee', terms=['king', 'man', 'woman'])",
    ],
    "pattern": [
        "from course_utils.widgets import PatternLab",
        "PatternLab('bigbird', n=24, width=1, layers=1)",
    ],
    "position": [
        "from course_utils.widgets import PositionExplorer",
        "PositionExplorer()",
    ],
    "proof": [
        "from course_utils.widgets import ProofStepper",
        "ProofStepper(choice='ring', digits=[1, 2, 0, 1])",
    ],
    "sampling": [
        "import torch\n"
        "from course_utils.mixers import Attention\n"
        "from course_utils.models import LanguageModel\n"
        "from course_utils.positions import LearnedPositions\n"
        "from course_utils.text import CharTokenizer\n"
        "from course_utils.widgets import SamplingExplorer\n"
        "torch.manual_seed(0)\n"
        "tokenizer = CharTokenizer('Tom drinks cold coffee because he is tired.\\n')\n"
        "model = LanguageModel(tokenizer.vocab_size, lambda layer: Attention(8, 2, causal=True),\n"
        "    positions=LearnedPositions(40, 8), d_model=8, n_layers=1, d_ff=8)\n"
        "model.embedding.tokens.weight.data *= 80",
        "SamplingExplorer.from_model(model, tokenizer, 'Tom drinks cold c')",
    ],
    "softmax": [
        "from course_utils.widgets import SoftmaxExplorer",
        "SoftmaxExplorer()",
    ],
    "mixing": [
        "import numpy as np\n"
        "from course_utils.widgets import MixingMap\n"
        "def heard(text):\n"
        "    words = text.split()\n"
        "    n = len(words)\n"
        "    return words, {'attention': np.eye(n) + 1 / n, 'Fourier': np.ones((n, n))}",
        "MixingMap(*heard('Tom drinks cold coffee'), text='Tom drinks cold coffee', read=heard)",
    ],
    "machine": [
        "from course_utils.text import CharTokenizer\n"
        "from course_utils.trained.recipes import ShakespeareRecipe\n"
        "from course_utils.widgets import MachineExplorer\n"
        "tokenizer = CharTokenizer('To drink, or not.')\n"
        "model = ShakespeareRecipe(block=64, d_model=16, n_heads=2, n_layers=3, d_ff=24)"
        ".model(tokenizer.vocab_size)",
        "MachineExplorer(model, tokenizer, 'To drink')",
    ],
    "memory": [
        "import torch\n"
        "from course_utils.mixers import PersistentAttention\n"
        "from course_utils.models import LanguageModel\n"
        "from course_utils.text import CharTokenizer\n"
        "from course_utils.widgets import MemoryExplorer\n"
        "tokenizer = CharTokenizer('To drink, or not.')\n"
        "model = LanguageModel(tokenizer.vocab_size, lambda layer: "
        "PersistentAttention(16, 2, 5, causal=True), d_model=16, n_layers=3, d_ff=None, max_n=64)",
        "MemoryExplorer(model, tokenizer, 'To do')",
    ],
    "bakeoff": [
        "from course_utils.widgets import BakeoffExplorer\n"
        "rows = [{'name': 'attention', 'config': 'rotary', 'speed': 1, 'bits': (2.1, 0.02)},\n"
        "        {'name': 'none', 'speed': 3.2, 'bits': (3.4, 0.01)},\n"
        "        {'name': 'Fourier', 'speed': 2.4}]",
        "BakeoffExplorer(rows, x='speed', y='bits', better={'speed': 'high', 'bits': 'low'})",
    ],
    "spectrum": [
        "from course_utils.widgets import SpectrumExplorer",
        "SpectrumExplorer({'four words': [37, 20, 5, 60], 'saw': list(range(64))}, chosen='saw')",
    ],
    "translation": [
        "import numpy as np\n"
        "from course_utils.widgets import AttentionExplorer\n"
        "def turn_round(text):\n"
        "    'The words from the last to the first, each looking at what it was, and an end.'\n"
        "    words = text.split()\n"
        "    n = len(words)\n"
        "    sure = np.vstack([np.eye(n)[::-1], np.full((1, n), 1 / n)])\n"
        "    return [*reversed(words), '■'], np.stack([[sure, (sure + 1 / n) / 2]]), words",
        "text = 'I have to drink coffee'",
        "AttentionExplorer(*turn_round(text), text=text, read=turn_round)",
    ],
    "attention": [
        "from course_utils.trained.minilm import load_minilm\n"
        "from course_utils.widgets import AttentionExplorer\n"
        "encoder = load_minilm()",
        "AttentionExplorer.from_model(encoder, 'Tom drinks cold coffee because he is tired.')",
    ],
}
WITH_SLIDERS = ["beam", "bpe", "pattern", "position", "proof", "sampling", "softmax", "spectrum"]
KEEP_BUSY = "import time; time.sleep(60)"

# What is drawn, without the sliders and their own numbers: all marks and words, all pixels.
DRAWING = """explorer => {
    const copy = explorer.cloneNode(true);
    copy.querySelectorAll(".ao-slider, style").forEach(node => node.remove());
    const pixels = [...explorer.querySelectorAll("canvas")].map(canvas => canvas.toDataURL());
    return copy.innerHTML + pixels.join();
}"""


@pytest.fixture(scope="module")
def place(course):
    """Writes the notebooks, one an explorer; the name of the notebook that has it."""
    for name, sources in EXPLORERS.items():
        cells = [nbformat.v4.new_code_cell(source) for source in [*sources, KEEP_BUSY]]
        book = nbformat.v4.new_notebook(cells=cells, metadata=NOTEBOOK_METADATA)
        nbformat.write(book, course / f"explorer_{name}.ipynb")
    return "explorer_{}.ipynb".format


def open_explorer(lab, page, place, name) -> tuple[Notebook, Locator]:
    notebook = lab.open(page, place(name))
    for source in EXPLORERS[name]:
        notebook.run(source)
    explorer = notebook.output(EXPLORERS[name][-1]).locator(".ao-explorer")
    expect(explorer).to_be_visible()
    return notebook, explorer


@pytest.mark.parametrize("name", WITH_SLIDERS)
def test_sliders_redraw_without_the_kernel(lab, page, place, picture, name):
    notebook, explorer = open_explorer(lab, page, place, name)
    notebook.start(KEEP_BUSY)
    notebook.wait_until_busy()
    sliders = explorer.locator("input[type=range]:visible")
    assert sliders.count() > 0
    for slider in sliders.all():
        move_by_key(page, explorer, slider)
    assert notebook.kernel_status() == "busy"  # so the kernel had no part in it
    assert_legible(notebook, explorer, picture, name)


def test_attention_explorer(lab, page, place, picture):
    """Words, heads, two heads side by side, and, the one thing that needs a kernel, a sentence."""
    notebook, explorer = open_explorer(lab, page, place, "attention")
    figures = explorer.locator("figure")
    maps = explorer.get_by_role("group", name="All heads: choose one")
    assert maps.get_by_role("button").count() == 6 * 12
    sent = page.traffic.comm_messages

    figures.get_by_role("button", name="he, word 7").hover()
    expect(figures.get_by_role("status")).to_contain_text("Layer 0, head 0: “he” looks at")
    page.mouse.move(0, 0)
    maps.get_by_role("button", name="layer 0, head 0", exact=True).focus()
    for key in ("ArrowDown", "ArrowDown", *["ArrowRight"] * 4):
        page.keyboard.press(key)
    expect(maps.get_by_role("button", name="layer 2, head 4", exact=True)).to_be_focused()
    figures.get_by_role("button", name="[CLS], word 1").focus()
    for _ in range(6):
        page.keyboard.press("ArrowDown")
    expect(figures.get_by_role("button", name="he, word 7")).to_be_focused()
    expect(figures.get_by_role("status")).to_contain_text("Layer 2, head 4: “he” looks at tom")
    page.keyboard.press("Enter")  # stays, also when the focus goes
    explorer.get_by_role("checkbox", name="leave out [CLS] and [SEP]").check()
    expect(figures.get_by_role("button", name="[CLS]")).to_have_count(0)
    expect(figures.get_by_role("status")).to_contain_text("Layer 2, head 4: “he” looks at tom")
    explorer.get_by_role("radio", name="a matrix").check()
    expect(figures.get_by_role("status")).to_contain_text("Layer 2, head 4: “he” looks at tom")
    assert_legible(notebook, explorer, picture, "attention-matrix")

    explorer.get_by_role("radio", name="words and lines").check()
    explorer.get_by_role("checkbox", name="compare two heads").check()
    maps.get_by_role("button", name="layer 5, head 11", exact=True).click()
    expect(figures).to_have_count(2)
    expect(figures.nth(0)).to_contain_text("Layer 2, head 4")
    figures.nth(1).get_by_role("button", name="he, word 6").hover()
    expect(figures.nth(1)).to_contain_text("Layer 5, head 11: “he” looks at")
    assert page.traffic.comm_messages == sent  # all of it was worked out in the page

    explorer.get_by_role("textbox", name="Your sentence").fill("Mary sang because she was happy.")
    page.keyboard.press("Enter")
    figures.nth(0).get_by_role("button", name="she, word 4").hover()
    expect(figures.nth(0)).to_contain_text("Layer 2, head 4: “she” looks at mary")
    assert page.traffic.comm_messages > sent
    assert_legible(notebook, explorer, picture, "attention")


def test_attention_explorer_between_two_sentences(lab, page, place, picture):
    """Six words look at five others: in small maps, as lines, in a matrix, and typed anew."""
    notebook, explorer = open_explorer(lab, page, place, "translation")
    figure, status = explorer.locator("figure"), explorer.locator("figure").get_by_role("status")
    maps = explorer.get_by_role("group", name="All heads: choose one")
    sizes = "nodes => nodes.map(node => [node.height, node.width])"
    assert maps.locator("canvas").evaluate_all(sizes) == [[6, 5], [6, 5]]
    sent = page.traffic.comm_messages

    expect(figure.locator("path")).to_have_count(5 + 5)  # one for each word, and the end's five
    figure.get_by_role("button", name="drink, word 2").hover()
    expect(status).to_have_text("Layer 0, head 0: “drink” looks at drink\u00a0100\u00a0%.")
    expect(figure.locator("path:visible")).to_have_count(1)
    figure.get_by_role("button", name="■, word 6").hover()
    expect(figure.locator("path:visible")).to_have_count(5)
    page.mouse.move(0, 0)
    assert_legible(notebook, explorer, picture, "translation")
    maps.get_by_role("button", name="layer 0, head 1", exact=True).click()
    explorer.get_by_role("radio", name="a matrix").check()
    figure.get_by_role("button", name="coffee, word 1").hover()
    expect(status).to_contain_text("head 1: “coffee” looks at coffee\u00a060\u00a0%, I\u00a010")
    assert_legible(notebook, explorer, picture, "translation-matrix")
    assert page.traffic.comm_messages == sent

    explorer.get_by_role("textbox", name="Your sentence").fill("[CLS] Tom drinks")
    page.keyboard.press("Enter")
    tom = figure.get_by_role("button", name="Tom, word 2")
    tom.hover()
    expect(status).to_contain_text("“Tom” looks at Tom\u00a067")
    assert maps.locator("canvas").evaluate_all(sizes) == [[4, 3], [4, 3]]
    explorer.get_by_role("checkbox", name="leave out [CLS]").check()
    assert maps.locator("canvas").evaluate_all(sizes) == [[3, 2], [3, 2]]
    tom.hover()
    expect(status).to_contain_text("“Tom” looks at Tom\u00a067\u00a0%, drinks\u00a017")


def test_memory_explorer_splits_and_turns_a_vector_round(lab, page, place, picture):
    """Heads and letters by keys, a vector by a click, all in the page; a text by the kernel."""
    notebook, explorer = open_explorer(lab, page, place, "memory")
    says = explorer.locator(".ao-headline")
    expect(says).to_contain_text("Layer 1, head 1: “o” gives")
    sent = page.traffic.comm_messages
    explorer.get_by_role("button", name="layer 1, head 1:").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    expect(says).to_contain_text("Layer 1, head 2")
    explorer.get_by_role("button", name="d:").click()
    expect(says).to_contain_text("“d” gives")
    vector = explorer.locator(".side .ao-button").first
    vector.click()
    expect(says).to_contain_text("is looked at most by")
    assert_legible(notebook, explorer, picture, "memory")
    assert page.traffic.comm_messages == sent
    text = explorer.get_by_role("textbox", name="Your text")
    text.fill("drink")
    page.keyboard.press("Enter")
    expect(says).to_contain_text("“k” gives")
    text.fill("€")
    page.keyboard.press("Enter")
    expect(explorer.get_by_role("alert")).to_contain_text("What you see is still the text before.")
    expect(says).to_contain_text("“k” gives")


def test_machine_explorer_gets_its_weights_and_works_alone(lab, page, place, picture):
    """The weights come when the page asks; then places are opened by keys, and text is typed."""
    notebook, explorer = open_explorer(lab, page, place, "machine")
    says = explorer.locator(".ao-headline")
    expect(says).to_contain_text("After “To␣drink” the likeliest")
    sent = page.traffic.comm_messages
    explorer.get_by_role("button", name="the next character").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    expect(says).to_contain_text("Block 3, head 2: “k” looks at")
    assert_legible(notebook, explorer, picture, "machine")
    explorer.get_by_role("button", name="Play").click()
    expect(explorer.get_by_role("button", name="Pause")).to_be_visible()
    explorer.get_by_role("button", name="Pause").click()
    assert page.traffic.comm_messages == sent
    text = explorer.get_by_role("textbox", name="Your text")
    text.fill("not to drink")
    page.keyboard.press("Enter")
    expect(explorer.get_by_role("button", name="k, character 12")).to_be_visible()


def test_bakeoff_explorer_changes_its_axes(lab, page, place, picture):
    """Another axis, another front; points by keys; whoever has no number is named."""
    notebook, explorer = open_explorer(lab, page, place, "bakeoff")
    says, sent = explorer.locator(".ao-headline"), page.traffic.comm_messages
    expect(says).to_contain_text("Nobody beats attention, none:")
    expect(explorer).to_contain_text("Not on these axes: Fourier.")
    explorer.get_by_role("combobox", name="upwards").select_option("speed")
    expect(says).to_contain_text("Nobody beats none:")
    explorer.get_by_role("combobox", name="upwards").select_option("bits")
    explorer.locator(".point").first.focus()
    expect(explorer.locator(".told")).to_contain_text("attention: rotary. speed 1; bits 2.1 ± 0.02")
    page.keyboard.press("ArrowRight")
    expect(explorer.locator(".told")).to_contain_text("none: speed 3.2")
    page.keyboard.press("ArrowRight")
    assert_legible(notebook, explorer, picture, "bakeoff")
    assert page.traffic.comm_messages == sent


def test_a_sentence_that_cannot_be_read_is_told_and_the_maps_stay(lab, page, place):
    _, explorer = open_explorer(lab, page, place, "attention")
    explorer.get_by_role("textbox", name="Your sentence").fill("coffee " * 80)
    page.keyboard.press("Enter")
    expect(explorer.get_by_role("alert")).to_contain_text("82 tokens; the explorer shows up to 64")
    expect(explorer.locator("figure").get_by_role("button", name="tom, word 2")).to_be_visible()


def test_sampling_explorer_writes(lab, page, place):
    """What is drawn goes to the kernel and comes back with the next chances, until stopped."""
    notebook, explorer = open_explorer(lab, page, place, "sampling")
    says, paper = explorer.locator(".ao-headline"), explorer.get_by_role("group", name="The text")
    written = paper.locator(".written")
    expect(says).to_contain_text("After “Tom␣drinks␣cold␣c”")
    explorer.get_by_role("button", name="Draw a character").click()
    expect(written).to_have_text(re.compile("^.$", re.DOTALL))
    explorer.get_by_role("button", name="Write on").click()
    stop = explorer.get_by_role("button", name="Stop")
    expect(written).to_have_text(re.compile(".{6}", re.DOTALL))
    stop.click()
    expect(stop).to_be_disabled()
    explorer.get_by_role("slider", name="after").focus()
    page.keyboard.press("Home")
    expect(says).to_contain_text("After “T”")
    explorer.get_by_role("button", name="Back to the beginning").click()
    expect(says).to_contain_text("After “Tom␣drinks␣cold␣c”")
    expect(written).to_be_empty()
    explorer.get_by_role("textbox", name="Begin with").fill("€")
    page.keyboard.press("Enter")
    expect(explorer.get_by_role("alert")).to_contain_text("“€” is not among")
    expect(paper).to_contain_text("Tom drinks cold c")
    explorer.get_by_role("textbox", name="Begin with").fill(
        "Tom drinks cold coffee because he is tired."
    )
    page.keyboard.press("Enter")
    expect(paper).to_have_text(" drinks cold coffee because he is tired.")  # all that it can read


def test_beam_explorer_tells_a_box_and_translates(lab, page, place):
    """Boxes are read by mouse and by arrow keys in the page; another sentence asks the kernel."""
    notebook, explorer = open_explorer(lab, page, place, "beam")
    says, tree = explorer.locator(".ao-headline"), explorer.get_by_role("group", name="The tree")
    expect(says).to_contain_text("A beam of 2 finds")
    sent = page.traffic.comm_messages
    first = tree.get_by_role("button", name="place 1 at step 1,")
    first.hover()
    expect(says).to_contain_text("place 1 at step 1, goes on")
    page.mouse.move(0, 0)
    expect(says).to_contain_text("A beam of 2 finds")
    first.focus()
    for key, where in (
        ("ArrowDown", "place 2 at step 1"),
        ("ArrowRight", "at step 2"),
        ("ArrowUp", "place 1 at step 2"),
    ):
        page.keyboard.press(key)
        expect(says).to_contain_text(where)
    expect(says).to_contain_text("“trinkt kalten”: log-probability −1.43, that is 24 %")
    width = explorer.get_by_role("slider", name="width")
    width.focus()
    page.keyboard.press("Home")
    expect(says).to_contain_text("Greedy, the whole way: “nimmt einen” (20 %)")
    page.keyboard.press("End")
    expect(says).to_contain_text("“trinkt kalten Kaffee” (24 %); greedy: “nimmt einen” (20 %)")
    assert page.traffic.comm_messages == sent

    sentence = explorer.get_by_role("textbox", name="Your sentence")
    sentence.fill("isst")
    page.keyboard.press("Enter")
    expect(says).to_contain_text("“trinkt kalten Kaffee” (24 %); greedy: “isst einen” (20 %)")
    sentence.fill("")
    page.keyboard.press("Enter")
    expect(explorer.get_by_role("alert")).to_contain_text("There is nothing to translate.")
    expect(says).to_contain_text("greedy: “isst einen” (20 %)")


def test_pattern_lab_lights_a_token_and_its_lamps(lab, page, place, picture):
    """Patterns, lamps and the token pointed at change in the page, by mouse and by keys."""
    notebook, explorer = open_explorer(lab, page, place, "pattern")
    says, lamps = explorer.locator(".ao-headline"), explorer.get_by_role("listitem")
    line = explorer.get_by_role("group", name="The tokens")
    sent = page.traffic.comm_messages
    explorer.get_by_role("radio", name="window").check()
    expect(says).to_contain_text("Token 12 of 24 (itself included) has heard 3 after 1 layer.")
    expect(lamps.nth(2)).to_contain_text("everybody has heard everybody after 23 layers")
    line.get_by_role("button", name="token 0", exact=True).hover()
    expect(says).to_contain_text("Token 0 of 24 (itself included) has heard 2 after 1 layer.")
    page.mouse.move(0, 0)
    expect(says).to_contain_text("Token 12")
    line.get_by_role("button", name="token 12", exact=True).focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    expect(says).to_contain_text("Token 13")
    explorer.get_by_role("slider", name="layers").focus()
    page.keyboard.press("ArrowRight")
    expect(says).to_contain_text("3 after 1 layer, 5 after 2.")

    path = explorer.locator("path.path")
    assert not path.get_attribute("d")
    explorer.get_by_role("checkbox", name="draw the path").check()
    assert path.get_attribute("d").count("M") == 23
    explorer.get_by_role("checkbox", name="nobody looks at itself").check()
    expect(lamps.nth(0)).to_contain_text("✗ no")
    explorer.get_by_role("checkbox", name="nobody sees the future").check()
    expect(lamps.nth(2)).to_contain_text("token 0 never hears of token 1 (the ring")
    expect(explorer.locator(".square circle")).to_be_visible()
    explorer.get_by_role("radio", name="strided").check()
    expect(explorer.get_by_role("radio", name="both at once")).to_be_visible()
    assert_legible(notebook, explorer, picture, "pattern-strided")
    assert page.traffic.comm_messages == sent


def test_proof_stepper_moves_on_and_finds_two_inputs_that_collide(lab, page, place, picture):
    """Next move, another number, another pattern, and the search, all of it in the page."""
    notebook, explorer = open_explorer(lab, page, place, "proof")
    says, step = explorer.locator(".ao-headline"), explorer.get_by_role("slider", name="step")
    expect(says).to_contain_text("2 + 3·(10 − 2) = 26.")
    expect(explorer.get_by_role("radio", name="ring", exact=True)).to_be_checked()
    sent = page.traffic.comm_messages
    explorer.get_by_role("button", name="Next move").click()
    expect(says).to_contain_text("3 + 3·(26 − 3) = 72.")
    step.focus()
    page.keyboard.press("ArrowLeft")
    expect(says).to_contain_text("Layer 3 of 11 is for “drinks”, if its id is 2.")
    explorer.get_by_role("button", name="drinks 2").click()
    expect(says).to_contain_text("if its id is 2. It is 30: nobody moves.")
    step.focus()
    page.keyboard.press("End")
    expect(says).to_contain_text("324 ids, all different")
    assert_legible(notebook, explorer, picture, "proof-all")
    explorer.get_by_role("radio", name="without reach: the past only").check()
    step.focus()
    page.keyboard.press("End")
    expect(says).to_contain_text("“Tom” in 0000 and “Tom” in 0001 have the same id")
    expect(explorer.get_by_text("81 different")).to_be_visible()
    assert_legible(notebook, explorer, picture, "proof-collision")
    assert page.traffic.comm_messages == sent


def test_embedding_explorer_shows_how_the_map_lies(lab, page, place, picture):
    """Words by typing, by the lists and by the map; the map's making; sums. No kernel."""
    notebook, explorer = open_explorer(lab, page, place, "embedding")
    says, map = explorer.locator(".ao-headline"), explorer.locator(".map svg")
    truth, seems = explorer.locator("tbody").first, explorer.locator("tbody").last
    sent = page.traffic.comm_messages
    expect(says).to_contain_text("“coffee”: 0 of its 8 nearest words are among the 8 nearest on")
    expect(map).to_have_attribute("aria-label", re.compile("lines lead from “coffee”"))
    expect(map.locator(".lead")).to_have_count(8)
    expect(seems.locator("tr").first).to_contain_text("brand")
    assert_legible(notebook, explorer, picture, "embedding")
    word = explorer.get_by_role("textbox", name="Word")
    word.fill("Koffee")
    page.keyboard.press("Enter")
    expect(explorer.get_by_role("alert")).to_contain_text("“Koffee” is none of the 8,000 words")
    word.fill("Tom ")
    page.keyboard.press("Enter")
    expect(explorer.get_by_role("alert")).to_be_empty()
    expect(truth.locator("tr").first).to_contain_text("bob")
    truth.get_by_role("button", name="jim").press("Enter")
    expect(says).to_contain_text("“jim”")
    expect(word).to_have_value("jim")
    there = map.bounding_box()
    page.mouse.click(there["x"] + there["width"] / 2, there["y"] + there["height"] / 2)
    expect(says).not_to_contain_text("“jim”")
    explorer.get_by_role("radio", name="those nearest in truth").check()
    expect(explorer.locator("figcaption")).not_to_contain_text("14")
    explorer.get_by_role("radio", name="all words").check()
    explorer.get_by_role("checkbox", name="close up").uncheck()
    explorer.get_by_role("radio", name="a sum of words").check()
    expect(says).to_contain_text(
        "nearest to “king” (0.89), which was put in; of the others, to “queen”"
    )
    expect(map.locator(".arrow")).to_have_count(2)
    for name, text in (("begin with", "paris"), ("subtract", "france"), ("add", "germany")):
        explorer.get_by_role("textbox", name=name).fill(text)
        page.keyboard.press("Enter")
    expect(says).to_contain_text("nearest to “berlin” (0.92).")
    assert page.traffic.comm_messages == sent
    assert_legible(notebook, explorer, picture, "embedding-sum")


def assert_legible(notebook: Notebook, explorer: Locator, picture, name: str) -> None:
    """Named controls, words with contrast and apart from each other, in both themes."""
    for theme in ("Light", "Dark"):
        notebook.choose_theme(f"JupyterLab {theme}")
        picture(f"explorer-{name}-{theme.lower()}", explorer)
        assert unnamed_controls(explorer) == []
        assert overlapping_words(explorer) == []
        assert faint_words(explorer) == []
    assert escaping_keys(explorer) == []


def move_by_key(page, explorer: Locator, slider: Locator) -> None:
    """One step by an arrow key, which JupyterLab would like to have; the drawing has to change."""
    before, value = explorer.evaluate(DRAWING), slider.input_value()
    forwards = float(value) < float(slider.get_attribute("max"))
    slider.focus()
    page.keyboard.press("ArrowRight" if forwards else "ArrowLeft")
    assert slider.input_value() != value, "JupyterLab took the key"
    page.wait_for_function(
        f"([explorer, before]) => ({DRAWING})(explorer) !== before",
        arg=[explorer.element_handle(), before],
        timeout=2 * SECONDS,
    )


def unnamed_controls(explorer: Locator) -> list[str]:
    """What a keyboard can reach and a screen reader has no name for."""
    return explorer.evaluate(
        """explorer => [...explorer.querySelectorAll("input, button, select, [tabindex]")]
            .filter(node => !(node.labels?.length || node.textContent.trim()
                || node.getAttribute("aria-label") || node.getAttribute("aria-labelledby")
                || node.title))
            .map(node => node.outerHTML)"""
    )


def escaping_keys(explorer: Locator) -> list[str]:
    """Controls whose keys reach what is around the explorer, where JupyterLab takes them."""
    return explorer.evaluate(
        """explorer => {
            const found = [];
            const catcher = event => found.push(event.target.outerHTML);
            explorer.parentElement.addEventListener("keydown", catcher);
            for (const node of explorer.querySelectorAll("input, textarea, button, [tabindex]"))
                node.dispatchEvent(new KeyboardEvent("keydown", { key: "F24", bubbles: true }));
            explorer.parentElement.removeEventListener("keydown", catcher);
            return found;
        }"""
    )


def faint_words(explorer: Locator) -> list:
    """Words whose contrast with the page is below 4.5 : 1 (WCAG 2.2, 1.4.3): [words, ratio]."""
    return explorer.evaluate(
        """explorer => {
            const parse = color => color.match(/[\\d.]+/g).map(Number);
            const light = ([r, g, b]) => [r, g, b].map(x => x / 255)
                .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
                .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
            const backdrop = node => {
                for (; node; node = node.parentElement) {
                    const color = parse(getComputedStyle(node).backgroundColor);
                    if (color.length === 3 || color[3] > 0.9) return color;
                }
                return [255, 255, 255];
            };
            const found = [];
            for (const node of explorer.querySelectorAll("*")) {
                const own = [...node.childNodes].filter(child => child.nodeType === 3)
                    .map(child => child.textContent.trim()).join("");
                if (!own || node.tagName === "STYLE" || !node.checkVisibility()) continue;
                const style = getComputedStyle(node);
                const inSvg = node instanceof SVGElement;
                const ink = light(parse(inSvg ? style.fill : style.color));
                const page = light(node.dataset.on ? parse(node.dataset.on)
                    : backdrop(inSvg ? node.ownerSVGElement : node));
                const ratio = (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05);
                if (ratio < 4.5 && !node.disabled) found.push([own, ratio.toFixed(1)]);
            }
            return found;
        }"""
    )


def overlapping_words(explorer: Locator) -> list[list[str]]:
    """Pairs of words of which one is written over a tenth of the other, or more, where seen."""
    return explorer.evaluate(
        """explorer => {
            const seen = (box, node) => { // what is scrolled out of view covers nothing
                let { left, top, right, bottom } = box;
                for (let up = node.parentElement; up && up !== explorer; up = up.parentElement) {
                    if (getComputedStyle(up).overflow === "visible") continue;
                    const room = up.getBoundingClientRect();
                    [left, top] = [Math.max(left, room.left), Math.max(top, room.top)];
                    [right, bottom] = [Math.min(right, room.right), Math.min(bottom, room.bottom)];
                }
                return new DOMRect(left, top, right - left, bottom - top);
            };
            const words = [], walker = document.createTreeWalker(explorer, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
                const node = walker.currentNode, range = document.createRange();
                if (!node.textContent.trim() || !node.parentElement.checkVisibility()
                    || node.parentElement.closest("style, title, desc, option")) continue;
                range.selectNodeContents(node);
                for (const box of [...range.getClientRects()].map(box => seen(box, node)))
                    if (box.width > 1 && box.height > 1) words.push([node.textContent, box]);
            }
            const size = box => box.width * box.height;
            const found = [];
            words.forEach(([a, here], i) => words.slice(i + 1).forEach(([b, there]) => {
                const width = Math.min(here.right, there.right) - Math.max(here.left, there.left);
                const height = Math.min(here.bottom, there.bottom) - Math.max(here.top, there.top);
                const common = Math.max(0, width) * Math.max(0, height);
                if (common > 0.1 * Math.min(size(here), size(there))) found.push([a, b]);
            }));
            return found;
        }"""
    )
