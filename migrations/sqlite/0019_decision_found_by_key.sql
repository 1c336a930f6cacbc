-- Nothing to do here: this engine looks decisions up by their key. The number belongs to both.
select 1;
