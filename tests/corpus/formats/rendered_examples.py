"""Chats as templates render them: one or more rows per template."""

from __future__ import annotations

from typing import Any

Q, A, B = "What is the capital of Portugal?", "Lisbon.", "Madrid."
CHATML = f"<|im_start|>user\n{Q}<|im_end|>\n<|im_start|>assistant\n"
BELOW = "Below is an instruction that describes a task. Write a response that appropriately completes the request."

TEXTS: dict[str, list[str]] = {
    "chatml_text": [
        f"{CHATML}{A}<|im_end|>\n",
        f"{CHATML}{A}<|im_end|>",
        f"<|im_start|>system\nBe brief.<|im_end|>\n{CHATML}<think>\nHm.\n</think>\n\n{A}<|im_end|>\n<|endoftext|>",
        f"{CHATML}<tool_call>\n{{}}\n</tool_call><|im_end|>\n<|im_start|>user\n<tool_response>\n1\n</tool_response><|im_end|>\n"
        f"<|im_start|>assistant\n{A}<|im_end|>\n",
        f"{CHATML}One moment.<|im_end|>\n<|im_start|>tool\n1<|im_end|>\n<|im_start|>assistant\n{A}<|im_end|>\n",
    ],
    "phi4_text": [f"<|im_start|>user<|im_sep|>{Q}<|im_end|><|im_start|>assistant<|im_sep|>{A}<|im_end|>"],
    "kimi_text": [
        f"<|im_user|>user<|im_middle|>{Q}<|im_end|><|im_assistant|>assistant<|im_middle|>{A}<|im_end|>"
    ],
    "llama3_text": [
        f"<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n{Q}<|eot_id|>"
        f"<|start_header_id|>assistant<|end_header_id|>\n\n{A}<|eot_id|>",
        f"<|header_start|>user<|header_end|>\n\n{Q}<|eot|><|header_start|>assistant<|header_end|>\n\n{A}<|eot|>",
    ],
    "gemma_text": [
        f"<bos><start_of_turn>user\n{Q}<end_of_turn>\n<start_of_turn>model\n{A}<end_of_turn>\n",
        f"<start_of_turn>user\n{Q}<end_of_turn>\n<start_of_turn>model\n{A}<end_of_turn><eos>",
    ],
    "harmony_text": [
        f"<|start|>user<|message|>{Q}<|end|><|start|>assistant<|channel|>analysis<|message|>Hm.<|end|>"
        f"<|start|>assistant<|channel|>final<|message|>{A}<|return|>",
        f"<|start|>user<|message|>{Q}<|end|><|start|>assistant<|channel|>commentary to=functions.look_up"
        "<|constrain|>json<|message|>{}<|call|><|start|>functions.look_up to=assistant<|channel|>commentary<|message|>1<|end|>"
        f"<|start|>assistant<|channel|>final<|message|>{A}<|end|>",
    ],
    "command_r_text": [
        f"<BOS_TOKEN><|START_OF_TURN_TOKEN|><|USER_TOKEN|>{Q}<|END_OF_TURN_TOKEN|>"
        f"<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>{A}<|END_OF_TURN_TOKEN|>"
    ],
    "granite_text": [
        f"<|start_of_role|>user<|end_of_role|>{Q}<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>{A}<|end_of_text|>\n"
    ],
    "nemotron_text": [f"<extra_id_0>System\n\n\n<extra_id_1>User\n{Q}\n<extra_id_1>Assistant\n{A}\n"],
    "exaone_text": [f"[|user|]{Q}\n[|assistant|]{A}[|endofturn|]\n", f"[|Human|] {Q}\n[|AI|] {A}"],
    "deepseek_text": [
        f"<｜begin▁of▁sentence｜>Be brief.<｜User｜>{Q}<｜Assistant｜>{A}<｜end▁of▁sentence｜>",
        f"<｜begin▁of▁sentence｜><｜User｜>{Q}<｜Assistant｜><think>\nHm.\n</think>\n\n{A}<｜end▁of▁sentence｜>",
    ],
    "openchat_text": [
        f"<s>GPT4 Correct User: {Q}<|end_of_turn|>GPT4 Correct Assistant: {A}<|end_of_turn|>",
        f"Be brief.<|end_of_turn|>GPT4 Correct User: {Q}<|end_of_turn|>GPT4 Correct Assistant: {A}<|end_of_turn|>",
    ],
    "zephyr_text": [
        f"<|system|>\n</s>\n<|user|>\n{Q}</s>\n<|assistant|>\n{A}</s>\n",
        f"<|user|>\n{Q}<|end|>\n<|assistant|>\n{A}<|end|>\n<|endoftext|>",
        f"<|user|>\n{Q}\n<|assistant|>\n{A}</s>",
        f"<|prompter|>{Q}<|endoftext|><|assistant|>{A}<|endoftext|>",
        f"[gMASK]<sop><|user|>\n{Q}<|assistant|>\n{A}",
        f"<|User|>:{Q}<eoh>\n<|Bot|>:{A}<eoa>\n",
    ],
    "llama2_text": [
        f"<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\n{Q} [/INST] {A} </s>",
        f"<s>[INST] {Q} [/INST] {A} </s><s>[INST] Sure? [/INST] Yes. </s>",
        f"<s>[INST] {Q} [/INST]{A}</s>",
        f"[INST]{Q}[/INST]{A}",
        f"<s>[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]{Q}[/INST]{A}</s>",
        f"<s>[AVAILABLE_TOOLS] [{{}}][/AVAILABLE_TOOLS][INST] {Q}[/INST][TOOL_CALLS] [{{}}]</s>"
        f"[TOOL_RESULTS] 1[/TOOL_RESULTS] {A}</s>",
    ],
    "openchatkit_text": [f"<human>: {Q}\n<bot>: {A}"],
    "alpaca_text": [
        f"{BELOW}\n\n### Instruction:\n{Q}\n\n### Response:\n{A}</s>",
        f"{BELOW.replace('task.', 'task, paired with an input that provides further context.')}"
        f"\n\n### Instruction:\n{Q}\n\n### Input:\nEurope\n\n### Response:\n{A}",
        f"### Instruction:\n{Q}\n\n### Response:\n{A}",
        f"### Instruction:\n{Q}\n\n### Input:\n\n\n### Response:\n{A}\n\n### End",
        f"You are a guide.\n\n### Instruction:\n{Q}\n\n### Response:\n{A}<|endoftext|>",
    ],
    "guanaco_text": [f"### Human: {Q}### Assistant: {A}", f"### User:\n{Q}\n\n### Assistant:\n{A}\n"],
    "vicuna_text": [
        f"A chat between a curious user and an assistant. USER: {Q} ASSISTANT: {A}</s>",
        f"USER: {Q}\nASSISTANT: {A}",
    ],
    "human_assistant_text": [
        f"\n\nHuman: {Q}\n\nAssistant: {A}",
        f"Human: {Q}\nAssistant: {A}\n",
        f"User: {Q}\n\nFalcon: {A}",
        f"You are a guide.\n\nUser: {Q}\nAI: {A}",
    ],
    "question_answer_text": [
        f"Q: {Q}\nA: {A}",
        f"Question: {Q}\nAnswer: {A}\n\nQuestion: Sure?\nAnswer: Yes.",
    ],
}
"""Texts by template; all hold the question and the answer."""

RENDERED: dict[str, list[dict[str, Any]]] = {
    **{name: [{"text": text} for text in texts] for name, texts in TEXTS.items()},
    "dialogue_text": [{"conversation": f"H: {Q}\n\nA: {A}"}],
}
RENDERED["chatml_text"] += [
    {"formatted_chat": TEXTS["chatml_text"][0], "source": "x"},
    {"prompt": TEXTS["chatml_text"][0]},
]
BESIDE: dict[str, list[dict[str, Any]]] = {
    "trl_prompt_completion": [
        {"prompt": CHATML, "completion": f"{A}<|im_end|>"},
        {"prompt": CHATML.split("<|im_start|>assistant", maxsplit=1)[0], "completion": f"<|im_start|>assistant\n{A}<|im_end|>"},
        {"prompt": f"Q: {Q}\nA:", "completion": f" {A}"},
    ],
    "prompt_response": [{"prompt": f"{CHATML}<think>\n", "response": f"Hm.\n</think>\n\n{A}<|im_end|>"}],
    "alpaca": [{"instruction": f"<s>[INST] {Q} [/INST]", "input": "", "output": f"{A} </s>"}],
    "trl_prompt_only": [{"prompt": CHATML}],
    "pref_explicit": [
        {"prompt": CHATML, "chosen": f"{A}<|im_end|>", "rejected": f"{B}<|im_end|>"},
        {"prompt": Q, "chosen": f"{CHATML}{A}<|im_end|>", "rejected": f"{CHATML}{B}<|im_end|>"},
        {"prompt": f"\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: {Q}\n\nAssistant:", "chosen": f" {A}", "rejected": f" {B}"},
    ],
    "pref_implicit": [
        {"chosen": f"{CHATML}{A}<|im_end|>", "rejected": f"{CHATML}{B}<|im_end|>"},
        {"chosen": f"Be kind.\n\nHuman: {Q}\n\nAssistant: {A}", "rejected": f"Be kind.\n\nHuman: {Q}\n\nAssistant: {B}"},
        {"chosen": f"**Human:** {Q}\n**Assistant:** {A}", "rejected": f"**Human:** {Q}\n**Assistant:** {B}"},
        {"chosen": f"[Human]: {Q}\n\n[Assistant]: {A}", "rejected": f"[Human]: {Q}\n\n[Assistant]: {B}"},
        {"chosen": f"\n\nHUMAN: {Q}\n\nASSISTANT: {A}", "rejected": f"\n\nHUMAN: {Q}\n\nASSISTANT: {B}"},
        {"chosen": f"H: {Q}\n\nA: {A}", "rejected": f"H: {Q}\n\nA: {B}"},
        {"chosen": f"User:  {Q}\nBot: {A}\nUser: Thanks", "rejected": f"User:  {Q}\nBot: {B}\nUser: Thanks"},
    ],
    "kto": [
        {"prompt": CHATML, "completion": f"{A}<|im_end|>", "label": False},
        {"completion": f"{CHATML}{A}<|im_end|>", "label": False},
    ],
}  # fmt: skip
"""Rendered chats in the columns of other formats."""
