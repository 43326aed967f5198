// SPDX-License-Identifier: GPL-2.0
/* The AVL tree against std::set and std::multiset. */

#include "core/tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <random>
#include <set>
#include <vector>

namespace {

using namespace vskms::heap;

/* Owned by the test; in at most one tree through each hook. */
struct Item {
	int key = 0;
	int serial = 0;		// order of insertion
	TreeHook<Item> hook = {};
	TreeHook<Item> other = {};
	int largest = 0;	// serial in this subtree
};

struct ByKey {
	int operator()(const Item &item) const { return item.key; }
};

struct BySerial {
	int operator()(const Item &item) const { return item.serial; }
};

struct Largest {
	void operator()(Item &item, const Item *left, const Item *right) const
	{
		item.largest = std::max({item.serial, left ? left->largest : 0,
					 right ? right->largest : 0});
	}
};

using Plain = Tree<Item, &Item::hook, ByKey>;
using Summed = Tree<Item, &Item::hook, ByKey, Largest>;
using Serials = Tree<Item, &Item::other, BySerial>;

template <typename Tree>
std::vector<int> keys(const Tree &tree)
{
	std::vector<int> found;

	for (const Item *at = tree.first(); at; at = Tree::next(*at))
		found.push_back(at->key);
	return found;
}

template <typename Tree>
bool summaries_hold(const Tree &tree)
{
	for (const Item *at = tree.first(); at; at = Tree::next(*at)) {
		Item copy = *at;

		Largest{}(copy, Tree::child(*at, false), Tree::child(*at, true));
		if (copy.largest != at->largest)
			return false;
	}
	return true;
}

TEST(Tree, empty_tree_has_nothing)
{
	Plain tree;

	EXPECT_EQ(tree.first(), nullptr);
	EXPECT_EQ(tree.last(), nullptr);
	EXPECT_EQ(tree.root(), nullptr);
	EXPECT_EQ(tree.find(1), nullptr);
	EXPECT_EQ(tree.lower_bound(1), nullptr);
	EXPECT_EQ(tree.upper_bound(1), nullptr);
	EXPECT_EQ(tree.height(), 0u);
	EXPECT_TRUE(tree.check());
}

TEST(Tree, max_height_is_the_fibonacci_bound)
{
	// The fewest nodes of heights 0 to 7 are 0 1 2 4 7 12 20 33.
	EXPECT_EQ(max_height(0), 0u);
	EXPECT_EQ(max_height(1), 1u);
	EXPECT_EQ(max_height(2), 2u);
	EXPECT_EQ(max_height(3), 2u);
	EXPECT_EQ(max_height(4), 3u);
	EXPECT_EQ(max_height(6), 3u);
	EXPECT_EQ(max_height(7), 4u);
	EXPECT_EQ(max_height(32), 6u);
	EXPECT_EQ(max_height(33), 7u);
	EXPECT_LT(max_height(std::numeric_limits<std::uint64_t>::max()), 93u);
}

TEST(Tree, ascending_and_descending_insertion_stay_balanced)
{
	for (const bool up : {true, false}) {
		std::vector<Item> items(1000);
		Plain tree;

		for (int i = 0; i < 1000; i++) {
			items[i].key = up ? i : -i;
			tree.insert(items[i]);
			ASSERT_LE(tree.height(), max_height(i + 1));
		}
		EXPECT_TRUE(tree.check());
		EXPECT_EQ(tree.height(), 10u);
		EXPECT_EQ(tree.first()->key, up ? 0 : -999);
		EXPECT_EQ(tree.last()->key, up ? 999 : 0);
	}
}

TEST(Tree, every_insertion_and_erasure_order_of_six)
{
	std::vector<int> order = {0, 1, 2, 3, 4, 5};

	do {
		for (int first = 0; first < 6; first++) {
			std::vector<Item> items(6);
			Plain tree;

			for (const int key : order) {
				items[key].key = key;
				tree.insert(items[key]);
			}
			ASSERT_TRUE(tree.check());
			for (int i = 0; i < 6; i++) {
				tree.erase(items[(first + i) % 6]);
				ASSERT_TRUE(tree.check());
				ASSERT_EQ(keys(tree).size(), 5u - i);
			}
			ASSERT_EQ(tree.root(), nullptr);
		}
	} while (std::next_permutation(order.begin(), order.end()));
}

TEST(Tree, walks_both_ways)
{
	std::vector<Item> items(100);
	Plain tree;
	int key = 100;

	for (Item &item : items) {
		item.key = --key;
		tree.insert(item);
	}
	key = 0;
	for (const Item *at = tree.first(); at; at = Plain::next(*at))
		EXPECT_EQ(at->key, key++);
	EXPECT_EQ(key, 100);
	for (const Item *at = tree.last(); at; at = Plain::prev(*at))
		EXPECT_EQ(at->key, --key);
	EXPECT_EQ(key, 0);
}

TEST(Tree, equal_keys_keep_order_of_insertion)
{
	std::vector<Item> items(300);
	Plain tree;

	for (int i = 0; i < 300; i++) {
		items[i].key = i % 3;
		items[i].serial = i;
		tree.insert(items[i]);
	}
	ASSERT_TRUE(tree.check());
	EXPECT_EQ(tree.find(1)->serial, 1);
	EXPECT_EQ(Plain::prev(*tree.upper_bound(1))->serial, 298);
	for (const Item *at = tree.first(); Plain::next(*at); at = Plain::next(*at)) {
		const Item *next = Plain::next(*at);

		EXPECT_TRUE(at->key < next->key || at->serial < next->serial);
	}
}

TEST(Tree, erased_item_can_be_inserted_again)
{
	Item item;
	Plain tree;

	tree.insert(item);
	tree.erase(item);
	EXPECT_EQ(item.hook.height, 0);
	item.key = 7;
	tree.insert(item);
	EXPECT_EQ(tree.find(7), &item);
}

TEST(Tree, one_item_in_two_trees)
{
	std::vector<Item> items(50);
	Plain by_key;
	Serials by_serial;

	for (int i = 0; i < 50; i++) {
		items[i].key = i * 17 % 50;
		items[i].serial = i;
		by_key.insert(items[i]);
		by_serial.insert(items[i]);
	}
	for (int i = 0; i < 50; i += 2)
		by_key.erase(items[i]);
	EXPECT_TRUE(by_key.check());
	EXPECT_TRUE(by_serial.check());
	EXPECT_EQ(keys(by_key).size(), 25u);
	EXPECT_EQ(by_serial.last(), &items[49]);
}

TEST(Tree, moving_takes_all_items)
{
	std::vector<Item> items(3);
	Plain from;

	for (int i = 0; i < 3; i++) {
		items[i].key = i;
		from.insert(items[i]);
	}

	Plain to(std::move(from));

	EXPECT_EQ(keys(to), (std::vector<int>{0, 1, 2}));
	EXPECT_TRUE(to.check());
	EXPECT_EQ(from.root(), nullptr);
}

TEST(Tree, drain_disposes_of_each_item_once)
{
	Plain tree;
	std::vector<int> seen;

	for (int i = 0; i < 500; i++) {
		Item *item = new Item;

		item->key = i * 7 % 500;
		tree.insert(*item);
	}
	tree.drain([&](Item &item) {
		seen.push_back(item.key);
		delete &item;
	});
	std::sort(seen.begin(), seen.end());
	ASSERT_EQ(seen.size(), 500u);
	for (int i = 0; i < 500; i++)
		EXPECT_EQ(seen[i], i);
	EXPECT_EQ(tree.root(), nullptr);
}

TEST(Tree, update_carries_a_change_to_the_root)
{
	std::vector<Item> items(200);
	Summed tree;

	for (int i = 0; i < 200; i++) {
		items[i].key = i;
		items[i].serial = i;
		tree.insert(items[i]);
	}
	EXPECT_EQ(tree.root()->largest, 199);
	items[3].serial = 1000;
	tree.update(items[3]);
	EXPECT_EQ(tree.root()->largest, 1000);
	EXPECT_TRUE(summaries_hold(tree));
	tree.erase(items[3]);
	EXPECT_EQ(tree.root()->largest, 199);
	EXPECT_TRUE(summaries_hold(tree));
}

class TreeProperty : public testing::TestWithParam<unsigned> {};

TEST_P(TreeProperty, agrees_with_std_set)
{
	std::mt19937 random(GetParam());
	std::vector<std::unique_ptr<Item>> items;
	std::set<int> model;
	Summed tree;

	for (int i = 0; i < 2000; i++)
		items.push_back(std::make_unique<Item>(Item{.key = 2 * i, .serial = i}));
	std::shuffle(items.begin(), items.end(), random);

	for (int op = 0; op < 20000; op++) {
		// The tree fills in the first half and empties in the second.
		const bool filling = random() % 10 < (op < 10000 ? 7 : 3);
		Item &item = *items[random() % items.size()];

		if (item.hook.height == 0 && filling) {
			tree.insert(item);
			ASSERT_TRUE(model.insert(item.key).second);
		} else if (item.hook.height != 0 && !filling) {
			tree.erase(item);
			ASSERT_EQ(model.erase(item.key), 1u);
		}
		ASSERT_LE(tree.height(), max_height(model.size()));

		const int key = static_cast<int>(random() % 4010) - 5;
		const auto lower = model.lower_bound(key);
		const auto upper = model.upper_bound(key);
		const Item *at = tree.lower_bound(key);

		ASSERT_EQ(at != nullptr, lower != model.end());
		ASSERT_TRUE(!at || at->key == *lower);
		ASSERT_EQ(tree.find(key) != nullptr, model.contains(key));
		at = tree.upper_bound(key);
		ASSERT_EQ(at != nullptr, upper != model.end());
		ASSERT_TRUE(!at || at->key == *upper);
		if (op % 250 == 0) {
			ASSERT_TRUE(tree.check());
			ASSERT_TRUE(summaries_hold(tree));
			ASSERT_EQ(keys(tree), std::vector<int>(model.begin(), model.end()));
		}
	}
}

INSTANTIATE_TEST_SUITE_P(seeds, TreeProperty, testing::Values(1u, 2u, 3u, 4u));

} // namespace
