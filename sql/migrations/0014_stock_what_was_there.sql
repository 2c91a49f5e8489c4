-- The shelves of 0010 are filled as offers are made or changed: here with those that were there before it.
SELECT stock_offers(ARRAY(SELECT id FROM offer WHERE state = 'active'));
