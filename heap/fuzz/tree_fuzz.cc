// SPDX-License-Identifier: GPL-2.0
/*
 * The tree against a sorted list.
 *
 * An input is operations; keys are one digit, so that many are equal, and nodes are chosen by
 * two, which is their place in order:
 *
 *	a key weight	insert
 *	e which		erase
 *	f which key	change a key in place, if the order stays
 *	g which weight	change what the summary is made from
 *	k		drain
 *	m		move the tree
 */

#include "core/tree.hpp"
#include "input.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace {

using namespace vskms::heap;
using vskms::fuzz::Input;
using vskms::fuzz::op;
using vskms::fuzz::require;

struct Node {
	unsigned key;
	unsigned weight;
	unsigned heaviest = 0;	// of its subtree
	std::size_t nodes = 0;	// in its subtree
	TreeHook<Node> hook = {};
};

struct Key {
	unsigned operator()(const Node &node) const noexcept { return node.key; }
};

struct Heaviest {
	void operator()(Node &node, const Node *left, const Node *right) const noexcept
	{
		node.heaviest = std::max({node.weight, left ? left->heaviest : 0,
					  right ? right->heaviest : 0});
		node.nodes = 1 + (left ? left->nodes : 0) + (right ? right->nodes : 0);
	}
};

using TestedTree = Tree<Node, &Node::hook, Key, Heaviest>;

class Run {
public:
	explicit Run(Input input) : input_(input), tree_(TestedTree{}) {}

	void run()
	{
		for (unsigned ops = 0; input_.more(); ops++) {
			step();
			if (ops % (1 + order_.size() / 16) == 0)
				compare();
		}
		compare();
		drain();
	}

private:
	void step()
	{
		switch (input_.nibble()) {
		case op('a'): {
			const unsigned key = input_.nibble();
			auto node = std::make_unique<Node>(key, input_.nibble());
			const auto at = std::ranges::upper_bound(order_, key, {}, key_of);

			tree_->insert(*node);
			order_.insert(at, std::move(node));
			break;
		}
		case op('e'):
			if (const auto at = some_node(); at != order_.end()) {
				tree_->erase(**at);
				require((*at)->hook.height == 0 && !(*at)->hook.parent);
				order_.erase(at);
			}
			break;
		case op('f'):
			if (const auto at = some_node(); at != order_.end()) {
				const unsigned key = input_.nibble();

				if (at != order_.begin() && key < (*std::prev(at))->key)
					break;
				if (std::next(at) != order_.end() && key > (*std::next(at))->key)
					break;
				(*at)->key = key;
				tree_->update(**at);
			}
			break;
		case op('g'):
			if (const auto at = some_node(); at != order_.end()) {
				(*at)->weight = input_.nibble();
				tree_->update(**at);
			}
			break;
		case op('k'):
			drain();
			break;
		case op('m'): {
			TestedTree moved(std::move(*tree_));

			require(!tree_->root() && !tree_->first() && tree_->check());
			tree_.emplace(std::move(moved));
			break;
		}
		}
	}

	using Order = std::vector<std::unique_ptr<Node>>;

	static unsigned key_of(const std::unique_ptr<Node> &node) { return node->key; }

	Order::iterator some_node()
	{
		const unsigned which = input_.pair();

		if (order_.empty())
			return order_.end();
		return order_.begin() + static_cast<std::ptrdiff_t>(which % order_.size());
	}

	/* Each node is given away once, and may be freed there. */
	void drain()
	{
		std::size_t nodes = 0;

		tree_->drain([&](Node &node) {
			const auto at = std::ranges::find(order_, &node, &Order::value_type::get);

			require(at != order_.end());
			at->reset();
			nodes++;
		});
		require(nodes == order_.size() && !tree_->root());
		order_.clear();
	}

	Node *at(Order::const_iterator where) const
	{
		return where == order_.end() ? nullptr : where->get();
	}

	void compare() const
	{
		const Node *before = nullptr;
		const Node *in_tree = tree_->first();
		unsigned heaviest = 0;

		require(tree_->check());
		require(tree_->height() <= max_height(order_.size()));
		for (const auto &node : order_) {
			require(in_tree == node.get() && TestedTree::prev(*in_tree) == before);
			heaviest = std::max(heaviest, node->weight);
			before = in_tree;
			in_tree = TestedTree::next(*in_tree);
		}
		require(!in_tree && tree_->last() == before);
		if (const Node *root = tree_->root())
			require(root->heaviest == heaviest && root->nodes == order_.size());
		for (unsigned key = 0; key <= 16; key++) {
			const auto lower = std::ranges::lower_bound(order_, key, {}, key_of);
			const auto upper = std::ranges::upper_bound(order_, key, {}, key_of);

			require(tree_->lower_bound(key) == at(lower));
			require(tree_->upper_bound(key) == at(upper));
			require(tree_->find(key) == (lower == upper ? nullptr : at(lower)));
		}
	}

	Input input_;
	std::optional<TestedTree> tree_;
	Order order_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	Run(Input(data, size)).run();
	return 0;
}
