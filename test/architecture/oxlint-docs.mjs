// The lint rule `docs/exported-needs-comment`: every export of a contract has a doc comment, or is a type
// that stands with the constant of its name.
const exportedNeedsComment = {
  create(context) {
    const named = new Set();
    return {
      ExportNamedDeclaration(node) {
        const name = node.declaration?.id?.name ?? node.declaration?.declarations?.[0]?.id?.name;
        if (!name || named.has(name)) return;
        named.add(name);
        const comments = context.sourceCode.getCommentsBefore(node);
        if (comments.some((c) => c.type === "Block" && c.value.startsWith("*"))) return;
        context.report({ node, message: `exported ${name} needs a doc comment` });
      },
    };
  },
};

export default {
  meta: { name: "docs" },
  rules: { "exported-needs-comment": exportedNeedsComment },
};
